// "weft/wasi-nn/wit" as JavaScript calls it; what guests see of it is tests/wasi-nn (host jco).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { build } from "../wasi-nn/build.mjs";
import { PACKAGE } from "../wasi-nn/hosts/package.mjs";

let wasiNN, double, ports;
before(async () => {
  const models = path.join(await build(), "models");
  [double, ports] = ["double", "ports"].map((name) => readFileSync(path.join(models, `${name}.onnx`)));
  ({ wasiNN } = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn_wit.mjs"))));
});
const dispose = Symbol.dispose ?? Symbol.for("dispose");
const floats = (...values) => new Uint8Array(Float32Array.from(values).buffer);
const failsWith = (code, text) => (error) => {
  assert.equal(error.payload.code(), code);
  assert.match(error.payload.data(), text);
  return true;
};

test("the four interfaces, and the same as imports", async () => {
  const nn = await wasiNN({ models: { double } });
  assert.deepEqual(Object.keys(nn.imports), ["wasi:nn/tensor", "wasi:nn/graph", "wasi:nn/inference", "wasi:nn/errors"]);
  for (const name of ["tensor", "graph", "inference", "errors"]) assert.equal(nn.imports[`wasi:nn/${name}`], nn[name]);
  const context = nn.graph.loadByName("double").initExecutionContext();
  assert.ok(context instanceof nn.inference.GraphExecutionContext);
  const [[name, output]] = context.compute([["x", new nn.tensor.Tensor(Uint32Array.of(1, 3), "FP32", floats(1, 2, 3))]]);
  assert.equal(name, "y");
  assert.ok(output instanceof nn.tensor.Tensor);
  assert.deepEqual([output.ty(), [...output.dimensions()], [...new Float32Array(output.data().slice().buffer)]], ["FP32", [1, 3], [2, 4, 6]]);
});

test("errors are resources that are thrown as payload, with a line in the log", async () => {
  const log = [];
  const nn = await wasiNN({ models: { double }, log: (line) => log.push(line) });
  assert.throws(() => nn.graph.loadByName("other"), failsWith("not-found", /no model is called "other"/));
  assert.deepEqual(log, ['load-by-name: not_found: no model is called "other"']);
  assert.throws(() => nn.graph.load([double], "onnx", "gpu"), failsWith("unsupported-operation", /gpu.*cpu only/));
  assert.throws(() => nn.graph.load([], "onnx", "cpu"), failsWith("invalid-argument", /no parts/));
  const error = (() => {
    try {
      return nn.graph.load([double], "tensorflow", "cpu");
    } catch ({ payload }) {
      return payload;
    }
  })();
  assert.ok(error instanceof nn.errors.Error);
  assert.ok(error instanceof (await wasiNN()).errors.Error);
});

test("a call from within a call is refused, and nothing else changes", async () => {
  const seen = [];
  const nn = await wasiNN({ models: { double }, log: () => {
    try {
      nn.graph.loadByName("double");
    } catch (error) {
      seen.push(error.payload.code(), error.payload.data());
    }
  } });
  assert.throws(() => nn.graph.loadByName("other"), failsWith("not-found", /other/));
  assert.deepEqual(seen, ["runtime-error", "called from within another call"]);
  nn.graph.loadByName("double");
});

test("limits: tensors count until they are disposed of, once; a constructor beyond them is a trap", async () => {
  const nn = await wasiNN({ models: { double }, limits: { tensors: 2, graphs: 1 } });
  const { Tensor } = nn.tensor, make = () => new Tensor(Uint32Array.of(1, 3), "FP32", floats(1, 2, 3));
  const first = make(), second = make();
  assert.throws(make, (error) => error instanceof Error && !("payload" in error) && /2 tensors/.test(error.message));
  first[dispose]();
  first[dispose]();
  const third = make();
  assert.throws(make, /2 tensors/);
  third[dispose]();
  const graph = nn.graph.loadByName("double"), context = graph.initExecutionContext();
  // The inputs are there until the run has ended, so its output is a third tensor where there are two.
  const other = make();
  assert.throws(() => context.compute([["x", second]]), failsWith("too-large", /2 tensors/));
  other[dispose]();
  const [[, output]] = context.compute([["x", make()]]);
  output[dispose]();
  // A graph counts while a context uses it.
  graph[dispose]();
  graph[dispose]();
  assert.throws(() => nn.graph.loadByName("double"), failsWith("too-large", /1 graphs/));
  context[dispose]();
  context[dispose]();
  nn.graph.loadByName("double");
});

test("guests share models and nothing else", async () => {
  const host = await wasiNN({ models: { double } });
  const one = host.guest(), other = host.guest({ limits: { graphs: 1 } });
  assert.notEqual(one.tensor.Tensor, other.tensor.Tensor);
  one.graph.loadByName("double");
  const graph = other.graph.loadByName("double");
  assert.throws(() => other.graph.loadByName("double"), failsWith("too-large", /1 graphs/));
  one.graph.loadByName("double");
  graph[dispose]();
  other.graph.loadByName("double");
});

test("any calls in any order: results, errors of the interface, or the trap of a constructor", async () => {
  const nn = await wasiNN({ models: { double, ports }, limits: { contexts: 6, graphs: 4, tensors: 10 } });
  let state = 11;
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pick = (list) => list[random(list.length)];
  const graphs = [], contexts = [], tensors = [], seen = new Map();
  const keep = (list, resource) => void (list.push(resource), list.length > 12 && list.splice(random(list.length), 1)[0][dispose]());
  const shapes = [[1, 3], [2, 3], [4], [3], [], [0, 3], [0xffffffff, 0xffffffff]], types = ["FP16", "FP32", "FP64", "BF16", "U8", "I32", "I64"];
  const calls = [
    () => keep(graphs, nn.graph.load(pick([[double], [ports], [], [double, ports], [double.subarray(0, random(double.length))]]), pick(["onnx", "onnx", "autodetect", "ggml", "pytorch"]), pick(["cpu", "cpu", "cpu", "gpu", "tpu"]))),
    () => keep(graphs, nn.graph.loadByName(pick(["double", "ports", "none", ""]))),
    () => graphs.length && keep(contexts, pick(graphs).initExecutionContext()),
    () => keep(tensors, new nn.tensor.Tensor(Uint32Array.from(pick(shapes)), pick(types), new Uint8Array(pick([12, 24, 32, 0, 1, 7])))),
    () => {
      if (contexts.length === 0) return;
      const inputs = Array.from({ length: pick([1, 2, 2, 3, 0]) }, (_, i) => [pick(["x", ["a", "b"][i % 2], `${i}`, "nothing"]), tensors.length && random(2) ? tensors.splice(random(tensors.length), 1)[0] : new nn.tensor.Tensor(Uint32Array.from(shapes[i % 3]), ["FP32", "FP32", "I64"][i % 3], new Uint8Array([12, 24, 32][i % 3]))]);
      for (const [, output] of pick(contexts).compute(inputs)) keep(tensors, output);
    },
    () => graphs.length && graphs.splice(random(graphs.length), 1)[0][dispose](),
    () => contexts.length && random(3) === 0 && contexts.splice(random(contexts.length), 1)[0][dispose](),
    () => tensors.length && tensors.splice(random(tensors.length), 1)[0][dispose](),
  ];
  for (let i = 0; i < 20_000; ++i) {
    let what = "fine";
    try {
      pick(calls)();
    } catch (error) {
      what = error.payload?.code() ?? (/tensors/.test(error.message) ? "trap" : assert.fail(error));
    }
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  for (const what of ["fine", "invalid-argument", "invalid-encoding", "unsupported-operation", "not-found", "too-large", "trap"]) assert.ok(seen.get(what) > 0, `nothing gave ${what}: ${JSON.stringify([...seen])}`);
  // All of it can be given back.
  for (const list of [graphs, contexts, tensors]) for (const resource of list) resource[dispose]();
  const all = Array.from({ length: 10 }, () => new nn.tensor.Tensor(new Uint32Array(), "U8", new Uint8Array()));
  all.forEach((tensor) => tensor[dispose]());
  const graph = nn.graph.loadByName("double");
  for (let i = 0; i < 6; ++i) graph.initExecutionContext();
});
