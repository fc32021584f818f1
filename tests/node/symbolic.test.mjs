// Symbolic dimensions: one bundle serves every extent in its range (tests/frontends/symbolic_models.py), beside ONNX Runtime, in every variant.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { folderOf, inputsOf, relativeError, TOLERANCE, VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/symbolic-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/symbolic_models.py"), FOLDER]);
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const models = JSON.parse(readFileSync(path.join(FOLDER, "index.json"), "utf8"));
const options = (dims) => Object.entries(dims).flatMap(([name, range]) => ["--dim", `${name}=${range}`]);
const compile = (name, dims, ...more) =>
  spawnSync(compiler(), ["compile", path.join(FOLDER, `${name}.onnx`), "-o", path.join(FOLDER, name), ...options(dims), ...more], { encoding: "utf8" });
const open = (name, variant) => load(pathToFileURL(path.join(FOLDER, name) + path.sep), { variant });
const tensor = (shape) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 12.9898 + shape.length)) });

for (const { name, dims, input, shapes, tolerance } of models) {
  test(name, async () => {
    const made = compile(name, dims, "--variants", VARIANTS.join(","));
    assert.equal(made.status, 0, made.stderr);
    const session = await ort.InferenceSession.create(path.join(FOLDER, `${name}.onnx`), { logSeverityLevel: 3 });
    for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each))) {
      const loaded = await open(name, variant);
      // There and back: nothing of a larger run may show in a smaller one.
      for (const shape of [...shapes, ...shapes.toReversed?.() ?? []]) {
        const given = tensor(shape);
        const expected = await session.run({ [input]: new ort.Tensor("float32", given.data, shape) });
        const outputs = await loaded.run({ [input]: given });
        for (const [output, { data, dims: wanted }] of Object.entries(expected)) {
          assert.deepEqual(outputs[output].shape, wanted);
          const error = relativeError(outputs[output], data);
          assert.ok(error <= tolerance, `${output} of ${name} [${shape}] in ${variant}: ${error}`);
        }
      }
      loaded.dispose();
    }
  });
}

test("memory grows to what the dimensions take", async () => {
  const { name, dims, input, shapes } = models[0];
  assert.equal(compile(name, dims, "--variants", "simd128").status, 0);
  const manifest = JSON.parse(readFileSync(path.join(FOLDER, name, "model.json"), "utf8"));
  const { pages, initial } = manifest.variants[0].memory;
  assert.ok(initial < pages, `${initial} of ${pages} pages at first`);
  const memory = new WebAssembly.Memory({ initial, maximum: pages });
  const loaded = await load(pathToFileURL(path.join(FOLDER, name) + path.sep), { variant: "simd128", memory });
  const bytes = (shape) => shape.reduce((a, b) => a * b, 4);
  let last = 0;
  for (const shape of [...shapes].sort((a, b) => bytes(a) - bytes(b))) {
    await loaded.run({ [input]: tensor(shape) });
    assert.ok(memory.buffer.byteLength >= last && memory.buffer.byteLength <= pages * 65536);
    last = memory.buffer.byteLength;
  }
  // What came before in the model's own memory may move.
  const place = loaded.input(input), given = tensor(shapes[0]);
  place.set(given.data);
  const [a, b] = [await loaded.run({ [input]: { ...given, data: place.subarray(0, given.data.length) } }), await loaded.run({ [input]: given })];
  for (const output of Object.keys(a)) assert.deepEqual(a[output], b[output]);
  const view = await loaded.run({ [input]: given }, { outputs: "view" });
  for (const output of Object.keys(a)) assert.deepEqual([...view[output]], [...a[output]]);
  loaded.dispose();
  const small = new WebAssembly.Memory({ initial, maximum: initial });
  const tight = await load(pathToFileURL(path.join(FOLDER, name) + path.sep), { variant: "simd128", memory: small });
  const largest = [...shapes].sort((a, b) => bytes(b) - bytes(a))[0];
  await assert.rejects(tight.run({ [input]: tensor(largest) }), { name: "RuntimeError", code: "memory" });
  tight.dispose();
});

/** A picture [1, 3, H, W] cut to a height and a width. */
function cut({ data, shape }, height, width) {
  const out = new Float32Array(3 * height * width);
  for (let line = 0; line < 3 * height; ++line) {
    const from = ((line / height | 0) * shape[2] + (line % height)) * shape[3];
    out.set(data.subarray(from, from + width), line * width);
  }
  return { data: out, shape: [1, 3, height, width] };
}

for (const [name, shape, sizes] of [
  ["ppocr-det", "x=1x3x32..320:32x32..320:32", [[320, 320], [160, 256], [32, 288]]],
  ["ppocr-rec", "x=1x3x48x16..320:16", [[48, 320], [48, 160], [48, 48]]],
]) {
  test(`${name} at several sizes`, async () => {
    const file = path.join(folderOf(name), "model.onnx"), bundle = path.join(FOLDER, name);
    execFileSync(compiler(), ["compile", file, "-o", bundle, "--shape", shape], { stdio: "pipe" });
    const [given] = inputsOf(name);
    const picture = { data: new Float32Array(Uint8Array.from(readFileSync(path.join(folderOf(name), given.file))).buffer), shape: given.shape };
    const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
    for (const variant of ["simd128", "relaxed"].filter((each) => supportedVariants().includes(each))) {
      const model = await load(pathToFileURL(bundle + path.sep), { variant });
      for (const size of sizes) {
        const x = cut(picture, ...size);
        const expected = await session.run({ x: new ort.Tensor("float32", x.data, x.shape) });
        const outputs = await model.run({ x });
        for (const [output, { data, dims }] of Object.entries(expected)) {
          assert.deepEqual(outputs[output].shape, dims);
          const error = relativeError(outputs[output], data);
          assert.ok(error <= TOLERANCE, `${output} at ${size} in ${variant}: ${error}`);
        }
      }
      model.dispose();
    }
  });
}

test("what is out of range is refused by name, and the instance stays usable", async () => {
  const { dims, input } = models[0];
  assert.equal(compile("encoder", dims).status, 0);
  const model = await open("encoder", "simd128");
  assert.deepEqual(model.info.dimensions, [{ name: "batch", min: 1, max: 3, step: 1 }, { name: "seq", min: 1, max: 64, step: 1 }]);
  assert.deepEqual(model.info.inputs[0].dims, ["batch", "seq", "48"]);
  const refused = (given, message) => assert.rejects(model.run({ [input]: given }), { code: "shape", message });
  await refused(tensor([1, 65, 48]), /"x": expected seq = 1\.\.64:1, got 65/);
  await refused(tensor([0, 5, 48]), /batch = 1\.\.3:1, got 0/);
  await refused({ ...tensor([1, 5, 48]), shape: [1, 5.5, 48] }, /seq = 1\.\.64:1, got 5\.5/);
  await refused(tensor([1, 5, 47]), /expected shape \[1, 5, 48\]/);
  await refused(tensor([5, 48]), /x/);
  await refused(tensor([1, 5, 48]).data, /expected \{ data, shape \}/);
  await refused({ ...tensor([1, 5, 48]), shape: [1, 6, 48] }, /288 elements/);
  const { y } = await model.run({ [input]: tensor([2, 5, 48]) });
  assert.deepEqual(y.shape, [2, 5, 48]);
  assert.equal(y.length, 480);
  model.dispose();
});

test("one open dimension follows from the number of elements", async () => {
  assert.equal(compile("encoder", { batch: 1, seq: "1..64" }).status, 0);
  const model = await open("encoder", "simd128");
  const { y } = await model.run({ x: tensor([1, 9, 48]).data });
  assert.deepEqual(y.shape, [1, 9, 48]);
  await assert.rejects(model.run({ x: new Float32Array(49) }), { code: "shape", message: /seq = 1\.\.64:1/ });
  model.dispose();
});

test("a dimension is narrowed to what the model allows, which is told, and held at run time", async () => {
  const { status, stderr } = compile("encoder", { batch: 1, seq: "1..512" });
  assert.equal(status, 0, stderr);
  // Its table has 70 rows.
  assert.match(stderr, /dim "seq": 1\.\.512 becomes 1\.\.70 \(else, node "Add -> p1": Add: /);
  const model = await open("encoder", "simd128");
  assert.deepEqual(model.info.dimensions, [{ name: "seq", min: 1, max: 70, step: 1 }]);
  assert.deepEqual((await model.run({ x: tensor([1, 70, 48]) })).y.shape, [1, 70, 48]);
  await assert.rejects(model.run({ x: tensor([1, 71, 48]) }), { code: "shape", message: /"x": expected seq = 1\.\.70:1, got 71/ });
  model.dispose();
});

test("ranges that are none, and such that the model excludes, are refused when compiling", () => {
  const refused = (name, dims, status, message) => {
    const { status: got, stderr } = compile(name, dims);
    assert.match(stderr, message);
    assert.equal(got, status);
  };
  refused("encoder", { batch: 1, seq: "9..3" }, 5, /9\.\.3 is no range/);
  refused("pictures", { h: "10..96:8", w: 32 }, 5, /10\.\.96:8 is no range/);
  refused("encoder", { batch: 1, seq: "71..512" }, 3, /node "[^"]+": Add: .*dim "seq" is in 71\.\.512/); // its table has 70 rows
});

test("weft run and weft verify take the greatest extents, or those of a file", () => {
  const weft = (...args) => spawnSync(compiler(), args, { encoding: "utf8" });
  const file = path.join(FOLDER, "encoder.onnx"), dims = options(models[0].dims);
  const run = weft("run", file, ...dims, "--json");
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(JSON.parse(run.stdout).outputs[0].shape, [3, 64, 48]);
  const verify = weft("verify", file, ...dims);
  assert.equal(verify.status, 0, verify.stdout + verify.stderr);
});
