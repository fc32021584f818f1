// weft bench: what it measures and says, with and without onnxruntime-web; no figure is judged.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../support/runtime.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-bench-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const MODEL = path.join(ROOT, "build/models/ppocr-cls/model.onnx");
const QUICK = ["--shape", "x=1x3x48x192", "--repeat", "5", "--seconds", "1"];
const run = (cwd, ...args) => spawnSync(compiler(), ["bench", ...args], { encoding: "utf8", cwd, timeout: 120_000, env: { ...process.env, WEFT_NODE: process.execPath, TMPDIR: folder } });

test("beside onnxruntime-web: the outputs agree, everything is measured", () => {
  const { status, stdout, stderr } = run(ROOT, MODEL, ...QUICK, "--json");
  assert.equal(status, 0, stderr);
  const { weft, peer, ratio, agrees, difference, runs } = JSON.parse(stdout);
  assert.equal(agrees, true);
  assert.ok(difference < 1e-5 && ratio > 0 && runs >= 3);
  for (const side of [weft, peer]) for (const figure of [side.latencyMs, side.coldStartMs, side.memoryBytes, side.code.brotli, side.code.bytes, side.weightsBytes]) assert.ok(figure > 0);
  assert.ok(weft.code.brotli < 50_000 && peer.code.brotli > 1e6);
  assert.equal(peer.name, "onnxruntime-web");
  assert.deepEqual(readdirSync(folder), []);
});

test("alone: where nothing is installed, or nothing is wanted", () => {
  const alone = JSON.parse(run(folder, MODEL, ...QUICK, "--json").stdout);
  assert.equal(alone.peer, undefined);
  assert.ok(alone.weft.latencyMs > 0);
  const { status, stdout } = run(ROOT, MODEL, ...QUICK, "--peer", "none", "--variant", "simd128");
  assert.equal(status, 0);
  assert.match(stdout, /^model, simd128, Node [\d.]+, one thread, \d+ runs in turns\n\n +weft\nlatency, median +[\d.]+ ms\ncold start +[\d.]+ ms\ncode, brotli +[\d.]+ kB\nweights +[\d.]+ kB\nmemory +[\d.]+ MB\n/);
});

test("a bundle", () => {
  const bundle = path.join(folder, "bundle");
  assert.equal(spawnSync(compiler(), ["compile", MODEL, "-o", bundle, "--shape", "x=1x3x48x192"]).status, 0);
  const { status, stdout, stderr } = run(ROOT, bundle, "--repeat", "3", "--seconds", "1", "--json");
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).peer, undefined);
  const refused = run(ROOT, bundle, "--peer", "onnxruntime-web");
  assert.equal(refused.status, 6);
  assert.match(refused.stderr, /runs \.onnx files/);
  rmSync(bundle, { recursive: true });
});

test("wrong options", () => {
  for (const [args, code, message] of [[["--peer", "tfjs"], 5, /no peer is called tfjs/], [["--repeat", "0"], 5, /--repeat/], [["--seconds", "x"], 5, /--seconds/], [["--peer", "onnxruntime-web"], 6, /npm install onnxruntime-web/]]) {
    const { status, stderr } = run(folder, MODEL, "--shape", "x=1x3x48x192", ...args);
    assert.equal(status, code, stderr);
    assert.match(stderr, message);
  }
});
