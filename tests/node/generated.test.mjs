// Small generated models against ONNX Runtime, in every variant that the engine runs: forms that the five large models do not have.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compile } from "../../bench/compile.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const TOLERANCE = 1e-4;
const folder = path.join(ROOT, `build/models/generated-node${process.versions.node.split(".")[0]}`);
rmSync(folder, { recursive: true, force: true });
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/models/generated.py"), folder]);
buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);

const count = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** Seeded values: numbers in [-2, 2) for floats, small indices for integers. */
function values({ dtype, shape }) {
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  if (dtype === "i64") return BigInt64Array.from({ length: count(shape) }, () => BigInt(Math.floor(next() * 10)));
  return Float32Array.from({ length: count(shape) }, () => 4 * next() - 2);
}

function difference(got, expected) {
  assert.equal(got.length, expected.length);
  let error = 0, largest = 0;
  for (let i = 0; i < got.length; ++i) {
    const distance = Math.abs(Number(got[i]) - Number(expected[i]));
    error = Number.isNaN(distance) ? Infinity : Math.max(error, distance);
    largest = Math.max(largest, Math.abs(Number(expected[i])));
  }
  return error === 0 ? 0 : error / largest;
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".onnx"))) {
  const name = path.basename(file, ".onnx");
  test(`${name} agrees with ONNX Runtime`, async () => {
    const model = path.join(folder, file);
    const { inputs } = compile(model, path.join(folder, name), { variants: ["scalar", "simd128", "relaxed"] });
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, values(input)]));
    const session = await ort.InferenceSession.create(model);
    const tensors = Object.fromEntries(inputs.map(({ name, dtype, shape }) => [name, new ort.Tensor(dtype === "i64" ? "int64" : "float32", feeds[name], shape)]));
    const expected = await session.run(tensors);
    for (const variant of supportedVariants()) {
      const compiled = await load(pathToFileURL(path.join(folder, name) + path.sep), { variant });
      const got = await compiled.run(feeds);
      assert.deepEqual(Object.keys(got).sort(), session.outputNames.toSorted());
      for (const output of session.outputNames) {
        const error = difference(got[output], expected[output].data);
        assert.ok(error <= TOLERANCE, `${output}, ${variant}: error ${error}`);
      }
    }
  });
}
