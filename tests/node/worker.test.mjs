// load(..., { worker: true }): the model lives in a worker, and behaves as one that does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

buildRuntime();
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-worker-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const compiled = (name, ...flags) => {
  const out = path.join(folder, name);
  const { status, stderr } = spawnSync(compiler(), ["compile", path.join(ROOT, "build/models", name, "model.onnx"), "-o", out, ...flags], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return out;
};
const bundle = compiled("ppocr-cls", "--shape", "x=1x3x48x192"), large = compiled("squeezenet", "--variants", "scalar,simd128");
const { load, LoadError, InputError, WeftError } = await import(pathToFileURL(path.join(bundle, "model.js")));
const big = await import(pathToFileURL(path.join(large, "model.js")));
const x = new Float32Array(3 * 48 * 192).map((_, i) => Math.sin(i));
const fails = (promise, Type, code, pattern) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof Type, error.stack);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });

test("the same results and the same description", async () => {
  const here = await load(), there = await load({ worker: true });
  assert.deepEqual(there.info, here.info);
  const expected = await here.run({ x });
  assert.deepEqual(await there.run({ x }), expected);
  // A part of a larger array, and the form with a shape.
  const wide = new Float32Array(x.length + 8);
  wide.set(x, 4);
  assert.deepEqual(await there.run({ x: { data: wide.subarray(4, 4 + x.length), shape: [1, 3, 48, 192] } }), expected);
  assert.equal(x.length, 3 * 48 * 192, "the caller keeps its array");
  here.dispose();
  there.dispose();
});

test("several runs at once, each with its answer", async () => {
  const model = await load({ worker: true });
  const inputs = Array.from({ length: 6 }, (_, i) => x.map((v) => v * (i + 1)));
  const each = [];
  for (const data of inputs) each.push(await model.run({ x: data }));
  assert.deepEqual(await Promise.all(inputs.map((data) => model.run({ x: data }))), each);
  model.dispose();
});

test("progress arrives, and only grows", async () => {
  const seen = [];
  const model = await load({ worker: true, onProgress: (progress) => seen.push(progress) });
  assert.equal(seen[0].phase, "download");
  assert.equal(seen.at(-1).phase, "ready");
  seen.reduce((a, b) => (assert.ok(a.loadedBytes <= b.loadedBytes), b));
  model.dispose();
});

test("errors keep their types and codes", async () => {
  const model = await load({ worker: true });
  await fails(model.run({}), InputError, "missing_input", /missing input "x"/);
  await fails(model.run({ x: new Int32Array(4) }), InputError, "dtype", /expected Float32Array/);
  await fails(model.run({ x: () => 1 }), InputError, "inputs", /cannot go to a worker/);
  await fails((async () => model.input("x"))(), WeftError, "worker", /memory is in a worker/);
  assert.ok((await model.run({ x }))["softmax_0.tmp_0"]);
  model.dispose();
  await fails(model.run({ x }), WeftError, "disposed", /disposed/);
  const cut = path.join(folder, "cut");
  cpSync(bundle, cut, { recursive: true });
  writeFileSync(path.join(cut, "model.weights"), readFileSync(path.join(bundle, "model.weights")).subarray(0, 5000));
  const damaged = await import(pathToFileURL(path.join(cut, "model.js")));
  await fails(damaged.load({ worker: true }), damaged.LoadError, "truncated", /truncated/);
  await fails(load({ worker: true, fetch }), LoadError, "worker", /options\.fetch/);
});

test("a worker that cannot start is an error", async () => {
  const alone = path.join(folder, "alone");
  cpSync(bundle, alone, { recursive: true });
  rmSync(path.join(alone, "model.worker.js"));
  const { load, WeftError } = await import(pathToFileURL(path.join(alone, "model.js")));
  await fails(load({ worker: true }), WeftError, "worker", /worker failed/);
});

test("an abort ends a run, and the model goes on", async () => {
  const model = await big.load({ worker: true, variant: "scalar" });
  const input = { data_0: new Float32Array(3 * 224 * 224) };
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(model.run(input, { signal: controller.signal }), /enough/);
  await assert.rejects(model.run(input, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  assert.equal((await model.run(input)).softmaxout_1.length, 1000);
  model.dispose();
});

test("dispose during a run rejects it", async () => {
  const model = await big.load({ worker: true, variant: "scalar" });
  const running = model.run({ data_0: new Float32Array(3 * 224 * 224) });
  model.dispose();
  await assert.rejects(running, { code: "disposed" });
});

test("the thread is free meanwhile", async () => {
  const model = await big.load({ worker: true, variant: "scalar" });
  let ticks = 0;
  const timer = setInterval(() => ++ticks, 5);
  await Promise.all([1, 2, 3].map(() => model.run({ data_0: new Float32Array(3 * 224 * 224) })));
  clearInterval(timer);
  assert.ok(ticks >= 5, String(ticks));
  model.dispose();
});

test("a program ends by itself, also when it does not dispose", () => {
  const program = `const { load } = await import(${JSON.stringify(pathToFileURL(path.join(bundle, "model.js")).href)});
    const model = await load({ worker: true }); const y = await model.run({ x: new Float32Array(${x.length}) }); console.log(Object.keys(y).length);`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", timeout: 30_000 });
  assert.deepEqual([status, stdout], [0, "1\n"]);
});

test("the runtime alone: a function starts the worker", async () => {
  const weft = await import(pathToFileURL(path.join(RUNTIME, "weft.js")));
  const worker = () => weft.nodeWorker(pathToFileURL(path.join(RUNTIME, "weft.worker.js")));
  const model = await weft.load(pathToFileURL(bundle + path.sep), { worker });
  assert.deepEqual(await model.run({ x }), await (await load()).run({ x }));
  model.dispose();
  await fails(weft.load(pathToFileURL(bundle + path.sep), { worker: true }), weft.LoadError, "worker", /weft\.worker\.js/);
});
