// The interpreter (runtimes/interpreter; tools/build-interpreter makes it) beside ONNX Runtime on whole models, ONNX's own tests of operators, and the
// graph's evaluator on shapes that no model has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import ort from "onnxruntime-node";

import { CASES, compare, makeCases, readTensor } from "../conformance/cases.mjs";
import { Interpreter } from "../support/interpreter.mjs";
import { chosenModels, folderOf, FULL, inputsOf, isLarge, oracleOf, relativeError, TOLERANCE } from "../support/models.mjs";
import { ROOT } from "../support/runtime.mjs";
import { casesOf, known, modelOf, ortFeeds } from "../support/symbolic_models.mjs";
import { GRAPHS } from "./graphs.mjs";

const ARRAYS = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array, i8: Int8Array };
const read = (folder, { dtype, file }) => new ARRAYS[dtype](Uint8Array.from(readFileSync(path.join(folder, file))).buffer);

for (const name of chosenModels().filter((name) => FULL || !isLarge(name)))
  test(`${name}: outputs and five tensors within`, (t) => {
    const folder = folderOf(name);
    const interpreter = new Interpreter().load(readFileSync(path.join(folder, "oracle/taps.onnx")));
    const feeds = Object.fromEntries(inputsOf(name).map((input) => [input.name, { data: read(folder, input), shape: input.shape }]));
    const first = interpreter.run(feeds);
    assert.deepEqual(interpreter.run(feeds), first, "a second run differs");
    interpreter.exports.again();
    assert.deepEqual(interpreter.run(feeds), first, "another instance differs");
    assert.deepEqual(interpreter.evaluated(), [], "kernels compute all of a CNN");
    let worst = 0;
    for (const reference of oracleOf(name)) {
      const error = relativeError(first[reference.name], read(path.join(folder, "oracle"), reference));
      assert.ok(error <= TOLERANCE, `${reference.kind} ${reference.name}: ${error}`);
      worst = Math.max(worst, error);
    }
    t.diagnostic(`largest error ${worst.toExponential(1)}`);
  });

// silero-vad asks for an input as a constant, which nobody can give here.
for (const name of Object.keys(known).filter((name) => known[name].constants === undefined))
  test(`${name} at every extent`, async () => {
    const file = modelOf(name);
    const reference = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
    const interpreter = new Interpreter().load(readFileSync(file));
    const cases = casesOf(name);
    for (const { dims, feeds } of [...cases, ...cases.toReversed()]) {
      const outputs = interpreter.run(feeds);
      for (const [output, { data, dims: shape }] of Object.entries(await reference.run(ortFeeds(ort, feeds)))) {
        assert.deepEqual(interpreter.shapeOf(output), shape, `${output} at ${JSON.stringify(dims)}`);
        const error = relativeError(outputs[output], data);
        assert.ok(error <= TOLERANCE, `${output} at ${JSON.stringify(dims)}: ${error}`);
      }
    }
  });

/** What passed when this was last raised. The rest wants to know more than the model says (lengths of sequences, values of inputs), or strings. */
const FLOOR = 1920;

test("ONNX's own tests of operators", (t) => {
  makeCases();
  const refusals = /needs it to be constant|computed from the model's inputs|is not known|does not know|refuses|--|no operation string|SplitToSequence|strings|an input of its own/;
  const exceptions = readFileSync(path.join(ROOT, "tests/frontends/node_exceptions.txt"), "utf8").split("\n").map((line) => line.split(" ")[0]);
  const cases = JSON.parse(readFileSync(path.join(CASES, "index.json"), "utf8"));
  let interpreter = new Interpreter(), passed = 0;
  const wrong = [];
  const run = (entry, model) => {
    interpreter.load(readFileSync(path.join(CASES, model)));
    const given = new Map(entry.inputs.map((tensor) => [tensor.name, tensor]));
    if (interpreter.inputs.some(({ name }) => !given.has(name))) return "refused: an input of its own";
    if (entry.inputs.concat(entry.outputs).some(({ dtype }) => dtype === "string")) return "refused: strings";
    const outputs = interpreter.run(Object.fromEntries(interpreter.inputs.map(({ name }) => [name, { data: readTensor(given.get(name)), shape: given.get(name).shape }])));
    return entry.outputs.map((tensor) => (outputs[tensor.name] === undefined ? `there is no output ${tensor.name}` : compare(outputs[tensor.name], readTensor(tensor), entry, tensor, interpreter.shapeOf(tensor.name)))).find((problem) => problem) ?? "";
  };
  for (const entry of cases) {
    let problem = "";
    for (const model of [entry.model, entry.bound].filter((model) => model !== undefined)) {
      try {
        problem = run(entry, model);
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) interpreter = new Interpreter();
        problem = error instanceof WebAssembly.RuntimeError ? `trap: ${error.message}` : `refused: ${error.message}`;
      }
      if (problem === "") break;
    }
    if (problem === "") ++passed;
    else if (!exceptions.includes(entry.name) && (!problem.startsWith("refused") || !refusals.test(problem))) wrong.push(`${entry.name}: ${problem}`);
  }
  t.diagnostic(`${passed} of ${cases.length} pass`);
  assert.deepEqual(wrong, []);
  assert.ok(passed >= FLOOR, `${passed} passed, ${FLOOR} before`);
});

for (const [name, { text, inputs, evaluated = [] }] of Object.entries(GRAPHS))
  test(`kernels beside the evaluator: ${name}`, () => {
    const interpreter = new Interpreter().loadGraph(text);
    let seed = 1;
    const random = () => ((seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5) * 4;
    const feeds = Object.fromEntries(inputs.map(([input, shape]) => [input, { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random) }]));
    const got = interpreter.run(feeds);
    assert.deepEqual([...new Set(interpreter.evaluated().map((node) => node.split(" ")[0]))], evaluated, "what the evaluator computes");
    interpreter.evaluate();
    const expected = interpreter.results();
    for (const output of Object.keys(expected)) {
      const error = relativeError(got[output], expected[output]);
      assert.ok(error <= 1e-5, `${output}: ${error}`);
    }
  });
