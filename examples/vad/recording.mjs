// A recording whose speech is known: words of Debian's alsa-utils (a person's voice), between noise, a hum and a melody that is no speech.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { readWav, resample } from "./wav.mjs";
import { RATE } from "./speech.mjs";

const SOUNDS = "/usr/share/sounds/alsa";
const WORDS = ["Front_Left", "Rear_Center", "Side_Right"];
const AUDIBLE = 0.02;

/** Without the silence at both ends. */
function trimmed(samples) {
  const first = samples.findIndex((value) => Math.abs(value) > AUDIBLE), last = samples.findLastIndex((value) => Math.abs(value) > AUDIBLE);
  return samples.subarray(first, last + 1);
}

function word(name) {
  const file = path.join(SOUNDS, `${name}.wav`);
  if (!existsSync(file)) throw new Error(`there is no ${file}: run tools/setup sound`);
  const { samples, rate } = readWav(readFileSync(file));
  return trimmed(resample(samples, rate, RATE));
}

/** {samples, rate, speech: [{start, end}] in seconds}; the same on every machine. */
export function makeRecording() {
  const words = WORDS.map(word);
  const pauses = [0.8, 1, 3, 0.9]; // before each word, and at the end; the melody is in the third
  const samples = new Float32Array(Math.round(RATE * pauses.reduce((a, b) => a + b)) + words.reduce((sum, { length }) => sum + length, 0));
  let seed = 1;
  const noise = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff - 0.5;
  for (let i = 0; i < samples.length; ++i) samples[i] = 0.01 * noise() + 0.004 * Math.sin((2 * Math.PI * 50 * i) / RATE);
  const speech = [];
  let at = 0;
  words.forEach((values, k) => {
    if (k === 2) melody(samples, at + RATE);
    at += Math.round(RATE * pauses[k]);
    values.forEach((value, i) => (samples[at + i] += 0.8 * value));
    speech.push({ start: at / RATE, end: (at + values.length) / RATE });
    at += values.length;
  });
  return { samples, rate: RATE, speech };
}

/** Four plucked notes. */
function melody(samples, from) {
  [440, 554.37, 659.25, 880].forEach((pitch, k) => {
    for (let i = 0; i < RATE / 4; ++i) samples[from + (k * RATE) / 4 + i] += 0.2 * Math.exp((-8 * i) / RATE) * Math.sin((2 * Math.PI * pitch * i) / RATE);
  });
}
