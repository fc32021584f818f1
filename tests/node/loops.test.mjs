// Loops, branches and recurrences that are not written out (tests/frontends/loop_models.py), beside ONNX Runtime, in every variant.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { relativeError, VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/loops-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/loop_models.py"), FOLDER]);
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const models = JSON.parse(readFileSync(path.join(FOLDER, "index.json"), "utf8"));
const ARRAYS = { float32: Float32Array, int64: BigInt64Array, int32: Int32Array, bool: Uint8Array };
const arrayOf = ({ kind, data }) => ARRAYS[kind].from(data, (x) => (kind === "int64" ? BigInt(x) : Number(x)));
const options = (dims) => Object.entries(dims).flatMap(([name, range]) => ["--dim", `${name}=${range}`]);
const compile = ({ name, dims }, ...more) => {
  const made = spawnSync(compiler(), ["compile", path.join(FOLDER, `${name}.onnx`), "-o", path.join(FOLDER, name), ...options(dims), ...more], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
};
const open = (name, variant, more) => load(pathToFileURL(path.join(FOLDER, name) + path.sep), { variant, ...more });
const find = (name) => models.find((model) => model.name === name);
const feeds = (one) => Object.fromEntries(Object.entries(one).map(([input, given]) => [input, { data: arrayOf(given), shape: given.shape }]));

for (const model of models) {
  const { name, cases, tolerance } = model;
  test(name, async () => {
    compile(model, "--variants", VARIANTS.join(","));
    const session = await ort.InferenceSession.create(path.join(FOLDER, `${name}.onnx`), { logSeverityLevel: 3 });
    const expected = [];
    for (const one of cases)
      expected.push(await session.run(Object.fromEntries(Object.entries(one).map(([input, given]) => [input, new ort.Tensor(given.kind, arrayOf(given), given.shape)]))));
    for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each))) {
      const loaded = await open(name, variant);
      // Again backwards: nothing of another run may show.
      for (const at of [...cases.keys(), ...[...cases.keys()].reverse()]) {
        const outputs = await loaded.run(feeds(cases[at]));
        for (const [output, { data, dims: wanted }] of Object.entries(expected[at])) {
          if (outputs[output].shape) assert.deepEqual(outputs[output].shape, wanted);
          assert.equal(outputs[output].length, data.length);
          const error = relativeError(outputs[output], data);
          assert.ok(error <= tolerance, `${output} of ${name}, case ${at}, in ${variant}: ${error}`);
        }
      }
      loaded.dispose();
    }
  });
}

test("code and tables do not grow with the number of steps", () => {
  compile(find("lstm_2000"), "--variants", "simd128");
  assert.ok(statSync(path.join(FOLDER, "lstm_2000", "model.wasm")).size < 20000);
});

test("the branch that is not taken does not run", async () => {
  const model = find("branch");
  compile(model, "--variants", "simd128", "--profile-info");
  const loaded = await open("branch", "simd128");
  const { profile } = JSON.parse(readFileSync(path.join(FOLDER, "branch", "model.json"), "utf8")).variants[0];
  for (const one of model.cases) {
    const run = [];
    await loaded.run(feeds(one), { onStatement: ({ index }) => run.push(index) });
    assert.equal(run.filter((index) => profile[index].class === "contraction").length, 1);
  }
  loaded.dispose();
});

test("what is checked in front of a loop is an error only where the loop runs", async () => {
  const model = find("unrun");
  compile(model, "--variants", "simd128");
  const loaded = await open("unrun", "simd128");
  await assert.rejects(loaded.run({ ...feeds(model.cases[1]), count: { data: BigInt64Array.of(1n), shape: [] } }), /expected at = -4\.\.3, got 7/);
  loaded.dispose();
});

test("a run stops within a loop, and the model goes on", async () => {
  const model = find("counted");
  compile(model, "--variants", "simd128");
  const loaded = await open("counted", "simd128");
  const given = feeds(model.cases[2]);
  const before = await loaded.run(given);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1);
  const long = { ...given, count: { data: BigInt64Array.of(2n ** 31n - 2n), shape: [] } };
  await assert.rejects(loaded.run(long, { signal: stop.signal }), { name: "AbortError" });
  const again = await loaded.run(given, { signal: new AbortController().signal });
  assert.deepEqual([...again.y], [...before.y]);
  loaded.dispose();
});

test("a program for GPUs has no loops, and says so", () => {
  const made = spawnSync(compiler(), ["compile", path.join(FOLDER, "captured.onnx"), "-o", path.join(FOLDER, "gpu"), "--target", "webgpu"], { encoding: "utf8" });
  assert.notEqual(made.status, 0);
  assert.match(made.stderr, /GPU/);
});
