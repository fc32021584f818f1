// Models with strings (tests/frontends/string_models.py) beside ONNX Runtime, in every variant, in a worker, and by the command line; and what goes wrong.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { relativeError, VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/strings-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.strings.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/string_models.py"), FOLDER]);
after(() => rmSync(FOLDER, { recursive: true, force: true }));

const weft = (...options) => spawnSync(compiler(), options, { encoding: "utf8", cwd: FOLDER });
const bundle = (name) => pathToFileURL(path.join(FOLDER, name) + path.sep);
const MODELS = {
  classifier: { dims: ["--dim", "n=1..16"] },
  building: { dims: [] },
  numbers: { dims: [] },
  categories: { dims: [] },
};
for (const [name, { dims }] of Object.entries(MODELS)) {
  const { status, stderr } = weft("compile", `${name}.onnx`, "-o", name, "--variants", VARIANTS.join(","), ...dims);
  assert.equal(status, 0, stderr);
}

/** As ONNX Runtime computes it: {name: {data, dims}}. */
async function expected(name, inputs) {
  const session = await ort.InferenceSession.create(path.join(FOLDER, `${name}.onnx`), { logSeverityLevel: 3 });
  const tensors = Object.entries(inputs).map(([input, { data, shape }]) => [input, new ort.Tensor("string", data, shape)]);
  return session.run(Object.fromEntries(tensors));
}

function assertSame(outputs, wanted, where) {
  for (const [name, { data, dims, type }] of Object.entries(wanted)) {
    const got = outputs[name];
    assert.deepEqual(got.shape, [...dims], `${where}: the shape of ${name}`);
    if (type === "float32") assert.ok(relativeError(got, data) <= 1e-5, `${where}: ${name} is ${got}, not ${data}`);
    else if (type === "string") assert.deepEqual([...got], [...data], `${where}: ${name}`);
    else assert.deepEqual(Array.from(got, Number), Array.from(data, Number), `${where}: ${name}`);
  }
}

const words = (text) => ({ words: { data: text.split(" "), shape: [text.split(" ").length] } });
const CASES = [
  ["classifier", words("The Goal of the match")],
  ["classifier", words("a vote for the party and a LAW of vote party law cell gene")],
  ["classifier", words("of a The")], // nothing is left but the empty string
  ["classifier", words("gene")],
  ["building", { first: { data: ["a-", "x y  z w", ""], shape: [3, 1] }, second: { data: ["1", "ß22"], shape: [2] } }],
  ["building", { first: { data: ["z", "a-", "q-r-s-t"], shape: [3, 1] }, second: { data: ["z", "-1"], shape: [2] } }],
  ["numbers", { texts: { data: ["1.5", "2", "1e3", "2"], shape: [4] }, whole: { data: ["-7", "9223372036854775807"], shape: [2] } }],
  ["numbers", { texts: { data: ["-1", "-1", "-1", "-1"], shape: [4] }, whole: { data: ["0", "12"], shape: [2] } }],
  ["categories", { words: { data: ["hen", "cat", "ape", "dog", "", "cat"], shape: [2, 3] } }],
];

for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each)))
  test(`as ONNX Runtime computes it, ${variant}`, async () => {
    const models = Object.fromEntries(await Promise.all(Object.keys(MODELS).map(async (name) => [name, await load(bundle(name), { variant })])));
    for (const [name, inputs] of CASES) assertSame(await models[name].run(inputs), await expected(name, inputs), `${name} ${JSON.stringify(inputs)}`);
    // Runs that wait for each other hold their strings, and what they left behind is forgotten.
    const all = CASES.filter(([name]) => name === "classifier").map(async ([name, inputs]) => assertSame(await models[name].run(inputs), await expected(name, inputs), name));
    await Promise.all(all);
    Object.values(models).forEach((model) => model.dispose());
  });

test("nested arrays, one list, and what is neither", async () => {
  const model = await load(bundle("building"));
  const wanted = await expected("building", CASES[4][1]);
  assertSame(await model.run({ first: [["a-"], ["x y  z w"], [""]], second: ["1", "ß22"] }), wanted, "nested");
  assertSame(await model.run({ first: ["a-", "x y  z w", ""], second: { data: ["1", "ß22"] } }), wanted, "one list");
  const refused = (inputs, code, pattern) => assert.rejects(model.run(inputs), (error) => error.name === "InputError" && error.code === code && pattern.test(error.message));
  await refused({ first: [["a"], ["b", "c"], ["d"]], second: ["1", "2"] }, "shape", /"first".*rows differ in length/);
  await refused({ first: [["a"], [1], ["d"]], second: ["1", "2"] }, "dtype", /"first": expected strings, got number/);
  await refused({ first: Int32Array.of(1, 2, 3), second: ["1", "2"] }, "dtype", /expected strings/);
  await refused({ first: ["a", "b"], second: ["1", "2"] }, "shape", /"first"/);
  await refused({ first: ["a", "b", "c"] }, "missing_input", /"second" \(string \[2\]\)/);
  assert.throws(() => model.input("first"), /do not lie in the model's memory/);
  // The instance stays usable.
  assertSame(await model.run(Object.fromEntries(Object.entries(CASES[4][1]))), wanted, "afterwards");
  const seen = [];
  await model.run(CASES[4][1], { onStatement: ({ kind, node }) => seen.push([kind, node]) });
  assert.ok(seen.some(([kind]) => kind === "custom") && seen.some(([kind]) => kind === "call"), JSON.stringify(seen));
  assertSame(await model.run(CASES[4][1], { signal: new AbortController().signal }), wanted, "with a signal");
});

test("what a string is not is an error of the run, with the node's name", async () => {
  const model = await load(bundle("numbers"));
  const wrong = (inputs, pattern) => assert.rejects(model.run(inputs), (error) => error.name === "RuntimeError" && error.code === "value" && pattern.test(error.message));
  await wrong({ texts: ["1", "two", "3", "4"], whole: ["1", "2"] }, /node Cast -> floats: "two" is no number/);
  await wrong({ texts: ["1", "2", "3", "4"], whole: ["1", "9223372036854775808"] }, /node Cast -> integers: "9223372036854775808" is no integer of 64 bits/);
  const [name, inputs] = CASES[6];
  assertSame(await model.run(inputs), await expected(name, inputs), "afterwards");
  const parts = await load(bundle("building"));
  await assert.rejects(parts.run({ first: [["-".repeat(200)], [""], [""]], second: ["", ""] }), /node StringSplit -> parts: .* has 201 parts, where there is room for 128/);
});

test("model.js, model.d.ts and the worker", async () => {
  const own = await import(bundle("building") + "model.js");
  const [name, inputs] = CASES[4];
  for (const options of [{}, { worker: true }]) {
    const model = await own.load(options);
    assertSame(await model.run(inputs), await expected(name, inputs), JSON.stringify(options));
    model.dispose();
  }
  const types = readFileSync(path.join(FOLDER, name, "model.d.ts"), "utf8");
  assert.match(types, /"first": TensorLike<readonly Strings\[\]>;/);
  assert.match(types, /"parts": string\[\] & \{ readonly shape: readonly number\[\] \};/);
  // A runtime without strings says what it lacks.
  const plain = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  await assert.rejects(plain.load(bundle(name)), (error) => error.code === "feature" && /needs "strings"/.test(error.message));
  await assert.rejects(load(readFileSync(path.join(FOLDER, name, "model.wasm")), { weights: new Uint8Array() }), /load its model\.json/);
});

test("weft run, verify and inspect", () => {
  const [, inputs] = CASES[4];
  for (const [input, { data, shape }] of Object.entries(inputs)) writeFileSync(path.join(FOLDER, `${input}.json`), JSON.stringify(shape.length === 2 ? data.map((text) => [text]) : data));
  const given = ["--input", "first=first.json", "--input", "second=second.json"];
  const run = weft("run", "building", ...given, "--output", "out", "--json");
  assert.equal(run.status, 0, run.stderr);
  const { outputs } = JSON.parse(run.stdout);
  assert.deepEqual(outputs.find(({ name }) => name === "all").first, ["a-1", "a-ß22", "x y  z w1", "x y  z wß22", "1", "ß22"]);
  assert.deepEqual(JSON.parse(readFileSync(path.join(FOLDER, "out/words.json"), "utf8")), [[["a-", "", ""]], [["x", "y", "z w"]], [["", "", ""]]]);
  assert.match(weft("run", "building").stdout, /all {2}string \[6, 2\]/);
  const bad = weft("run", "building", "--input", "first=second.json");
  assert.match(bad.stderr, /second\.json has 2 strings, the model wants 3/);
  // The evaluator has no regular expressions: it says so by name.
  assert.match(weft("verify", "building.onnx", ...given).stderr, /string\.match: the evaluator has no regular expressions/);
  const verified = weft("verify", "classifier.onnx", "--dim", "n=1..16");
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /label .*passed/);
  assert.match(weft("inspect", "building.onnx").stdout, /first +string\[3, 1\]/);
});

test("what is refused", () => {
  const bench = weft("bench", "building", "--json");
  assert.notEqual(bench.status, 0);
  assert.match(bench.stderr + bench.stdout, /no models with strings/);
  const refused = weft("compile", "adding.onnx");
  assert.equal(refused.status, 4, refused.stderr);
  assert.match(refused.stderr, /Add.*is a tensor of strings/);
});
