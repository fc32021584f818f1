// compile --embed: model.js alone is the bundle.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { buildRuntime, ROOT } from "../support/runtime.mjs";

const MODEL = path.join(ROOT, "build/models/ppocr-cls/model.onnx");
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-embed-"));
const whole = path.join(folder, "whole"), alone = path.join(folder, "alone");
const x = new Float32Array(3 * 48 * 192).map((_, i) => Math.sin(i));
before(() => {
  buildRuntime();
  for (const [out, ...flags] of [[whole], [path.join(folder, "embedded"), "--embed"]]) {
    const { status, stderr } = spawnSync(compiler(), ["compile", MODEL, "--shape", "x=1x3x48x192", "-o", out, ...flags], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
  mkdirSync(alone);
  cpSync(path.join(folder, "embedded/model.js"), path.join(alone, "model.js"));
  writeFileSync(path.join(alone, "package.json"), '{"type":"module"}');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("the same results, with no file but model.js", async () => {
  const { load, describe } = await import(pathToFileURL(path.join(alone, "model.js")));
  const files = await import(pathToFileURL(path.join(whole, "model.js")));
  for (const variant of ["simd128", "auto"]) {
    const model = await load({ variant, integrity: true }), expected = await files.load({ variant });
    assert.deepEqual(await model.run({ x }), await expected.run({ x }));
    model.dispose();
  }
  assert.equal((await describe()).weightsBytes, (await files.describe()).weightsBytes);
});

test("in a worker, whose script lies beside it", async () => {
  cpSync(path.join(whole, "model.worker.js"), path.join(alone, "model.worker.js"));
  const { load } = await import(pathToFileURL(path.join(alone, "model.js")));
  const here = await load({ variant: "simd128" }), there = await load({ variant: "simd128", worker: true });
  assert.deepEqual(await there.run({ x }), await here.run({ x }));
  there.dispose();
});

test("the bytes are those of the files, in base64", () => {
  const text = readFileSync(path.join(alone, "model.js"), "utf8");
  for (const name of ["model.wasm", "model.relaxed.wasm", "model.weights"])
    assert.ok(text.includes(readFileSync(path.join(whole, name)).toString("base64")), name);
  assert.ok(!text.includes("new URL(\"./model.wasm\""));
});
