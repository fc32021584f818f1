// --weights and --deterministic: what they change, and by how much, in a real model.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { buildRuntime, ROOT } from "../support/runtime.mjs";

const weft = compiler();
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-weights-"));
const MODEL = path.join(ROOT, "build/models/squeezenet/model.onnx");
const bundle = (name, ...flags) => {
  const out = path.join(folder, name);
  const { status, stderr } = spawnSync(weft, ["compile", MODEL, "-o", out, ...flags], { encoding: "utf8" });
  return { out, status, stderr, weights: status === 0 ? statSync(path.join(out, "model.weights")).size : 0 };
};

async function outputs({ out, status, stderr }, variant) {
  assert.equal(status, 0, stderr);
  const { load } = await import(pathToFileURL(path.join(out, "model.js")));
  const model = await load({ variant });
  const input = model.info.inputs[0];
  let state = 1;
  const x = Float32Array.from({ length: input.shape.reduce((a, b) => a * b) }, () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31) - 1);
  const [y] = Object.values(await model.run({ [input.name]: x }));
  model.dispose();
  return y;
}

/** The largest difference, by the largest value. */
const difference = (a, b) => Math.max(...a.map((v, i) => Math.abs(v - b[i]))) / Math.max(...b.map(Math.abs));

let plain, reference;
before(async () => {
  buildRuntime();
  plain = bundle("f32");
  reference = await outputs(plain, "simd128");
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const [format, share, error] of [["f16", 0.51, 1e-2], ["q8", 0.27, 0.1]])
  test(`--weights ${format}: the download shrinks, the results change a little, alike in all variants`, async () => {
    const small = bundle(format, "--weights", format, "--variants", "scalar,simd128");
    assert.ok(small.weights < share * plain.weights, `${small.weights} of ${plain.weights}`);
    const y = await outputs(small, "simd128");
    const e = difference(y, reference);
    assert.ok(e > 0 && e < error, String(e));
    assert.deepEqual(y, await outputs(small, "scalar"));
  });

test("--deterministic: no relaxed SIMD, no Winograd, the same bits with and without SIMD", async () => {
  const strict = bundle("strict", "--deterministic");
  assert.ok(!readdirSync(strict.out).includes("model.relaxed.wasm"));
  const both = bundle("strict-both", "--deterministic", "--variants", "scalar,simd128");
  const y = await outputs(both, "simd128");
  assert.deepEqual(y, await outputs(both, "scalar"));
  assert.deepEqual(y, await outputs(strict, "auto"));
  assert.ok(difference(y, reference) < 1e-5);
  const dump = (...flags) => spawnSync(weft, ["compile", MODEL, "--dump", "graph", ...flags], { encoding: "utf8", maxBuffer: 1 << 26 }).stdout;
  assert.match(dump(), /winograd/);
  assert.doesNotMatch(dump("--deterministic"), /winograd/);
  const refused = bundle("none", "--deterministic", "--variants", "relaxed");
  assert.equal(refused.status, 5);
  assert.match(refused.stderr, /relaxed SIMD/);
});

test("an unknown format of weights is refused", () => {
  const { status, stderr } = bundle("none", "--weights", "q4");
  assert.equal(status, 5);
  assert.match(stderr, /f32, f16 or q8, not q4/);
});

test("model.weights says what it stores", () => {
  const { out } = bundle("q8-names", "--weights", "q8");
  const file = readFileSync(path.join(out, "model.weights"));
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString());
  const types = Object.entries(header).filter(([name]) => name !== "__metadata__").map(([name, { dtype }]) => [name, dtype]);
  const narrow = types.filter(([, dtype]) => dtype === "I8");
  assert.ok(narrow.length > 20);
  for (const [name] of narrow) assert.equal(header[`${name}.scale`]?.dtype, "F32", name);
});
