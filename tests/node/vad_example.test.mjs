// examples/vad: WAV files and sample rates by hand, stretches from probabilities, and the sample, whose speech is known, in Node.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { makeRecording } from "../../examples/vad/recording.mjs";
import { segmentsOf } from "../../examples/vad/speech.mjs";
import { readWav, resample, writeWav } from "../../examples/vad/wav.mjs";
import { ROOT } from "../support/runtime.mjs";
import { wronglyMarked } from "../support/vad.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-vad-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const mark = (...args) => spawnSync(process.execPath, ["examples/vad/mark.mjs", ...args], { cwd: ROOT, encoding: "utf8" });
const tone = (pitch, rate, seconds) => Float32Array.from({ length: rate * seconds }, (_, i) => 0.5 * Math.sin((2 * Math.PI * pitch * i) / rate));

test("WAV files: 16 bits there and back, 8 and 24 bits, floats, two channels, odd chunks", () => {
  const samples = tone(300, 8000, 0.1);
  const { samples: read, rate } = readWav(writeWav(samples, 8000));
  assert.equal(rate, 8000);
  assert.ok(read.every((value, i) => Math.abs(value - samples[i]) <= 1 / 65536));
  const file = (format, channels, bits, data) => {
    const bytes = new Uint8Array(12 + 10 + 24 + 8 + data.length), view = new DataView(bytes.buffer);
    const text = (at, tag) => bytes.set(new TextEncoder().encode(tag), at);
    text(0, "RIFF"), text(8, "WAVEodd!"), view.setUint32(16, 1, true), text(22, "fmt "), view.setUint32(26, 16, true);
    view.setUint16(30, format, true), view.setUint16(32, channels, true), view.setUint32(34, 48000, true), view.setUint16(44, bits, true);
    text(46, "data"), view.setUint32(50, data.length, true), bytes.set(data, 54);
    return bytes;
  };
  assert.deepEqual([...readWav(file(1, 1, 8, [0, 128, 192])).samples], [-1, 0, 0.5]);
  assert.deepEqual([...readWav(file(1, 1, 24, [0, 0, 0x80, 0, 0, 0x40])).samples], [-1, 0.5]);
  assert.deepEqual([...readWav(file(1, 2, 16, [0, 0x40, 0, 0x20, 0, 0, 0, 0x80])).samples], [0.375, -0.5]);
  assert.deepEqual([...readWav(file(3, 1, 32, new Uint8Array(new Float32Array([0.25, -1]).buffer))).samples], [0.25, -1]);
  assert.throws(() => readWav(file(7, 1, 8, [0])), /format 7 with 8 bits/);
  assert.throws(() => readWav(new Uint8Array(100)), /not a WAV file/);
  assert.throws(() => readWav(file(1, 1, 16, []).subarray(0, 46)), /no samples/);
});

test("another sample rate keeps what it can and drops what it cannot", () => {
  const energy = (samples) => Math.sqrt(samples.subarray(500, -500).reduce((sum, v) => sum + v * v, 0) / (samples.length - 1000));
  for (const [from, to] of [[48000, 16000], [44100, 16000], [8000, 16000]]) {
    const changed = resample(tone(440, from, 1), from, to), wanted = tone(440, to, 1);
    assert.ok(Math.abs(changed.length - to) <= 1);
    for (let i = 500; i < to - 500; ++i) assert.ok(Math.abs(changed[i] - wanted[i]) < 2e-3, `${from} to ${to}, sample ${i}`);
  }
  assert.ok(energy(resample(tone(11000, 48000, 1), 48000, 16000)) < 0.01);
});

test("stretches: hysteresis, short ones, short pauses, margins, the end", () => {
  const frames = (text) => Float32Array.from(text, (c) => +c / 10);
  const of = (text, options) => segmentsOf(frames(text), text.length * 0.032, { margin: 0, leastSpeech: 0.064, leastSilence: 0.09, ...options }).map(({ start, end }) => [Math.round(start / 0.032), Math.round(end / 0.032)]);
  assert.deepEqual(of("0000"), []);
  assert.deepEqual(of("0099900"), [[2, 5]]);
  assert.deepEqual(of("00994440000"), [[2, 7]]); // 0.4 goes on with one, but begins none
  assert.deepEqual(of("0044400000"), []);
  assert.deepEqual(of("0900000999000"), [[7, 10]]); // one frame is too short
  assert.deepEqual(of("9990099900000"), [[0, 8]]); // a pause of two frames is none
  assert.deepEqual(of("9990000999000"), [[0, 3], [7, 10]]);
  assert.deepEqual(segmentsOf(frames("0999"), 0.12, { leastSpeech: 0.05, margin: 0.03 }).map(({ start, end }) => [+start.toFixed(3), end]), [[0.002, 0.12]]);
});

test("the sample, and the same as a WAV file of another rate", () => {
  const { speech } = makeRecording();
  const { status, stdout, stderr } = mark("--json");
  assert.equal(status, 0, stderr);
  assert.deepEqual(wronglyMarked(JSON.parse(stdout).segments, speech), []);
  const { samples, rate } = makeRecording();
  const file = path.join(folder, "high.wav");
  writeFileSync(file, writeWav(resample(samples, rate, 44100), 44100));
  const high = mark(file, "--json");
  assert.deepEqual(wronglyMarked(JSON.parse(high.stdout).segments, speech), []);
});

test("noise alone, and what is no recording", () => {
  const quiet = path.join(folder, "quiet.wav"), text = path.join(folder, "notes.wav");
  writeFileSync(quiet, writeWav(Float32Array.from({ length: 32000 }, (_, i) => 0.02 * Math.sin(i * i * 12.9898)), 16000));
  writeFileSync(text, "no sound");
  assert.deepEqual(JSON.parse(mark(quiet, "--json").stdout).segments, []);
  const wrong = mark(text);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /^mark: it is not a WAV file/);
  assert.equal(mark("a", "b").status, 2);
});
