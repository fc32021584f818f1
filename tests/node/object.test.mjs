// weft compile --emit object: relocatable objects, linked by wasm-ld into C programs for WASI, beside the bundles of the same models.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { build } from "../../examples/object/build.mjs";
import { linkProgram, runProgram } from "../support/link.mjs";
import { folderOf, inputsOf } from "../support/models.mjs";
import { readHeader, runObjects } from "../support/objects.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { casesOf, modelOf, optionsOf } from "../support/symbolic_models.mjs";
import { validate } from "../support/validate.mjs";

buildRuntime();
const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const ARRAYS = {
  f64: Float64Array, f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i64: BigInt64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array,
  u64: BigUint64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, boolean: Uint8Array,
};
const FOLDER = mkdtempSync(path.join(tmpdir(), "weft-object-test-"));
after(() => rmSync(FOLDER, { recursive: true }));

const READ = /^First light, 23 lines of ?text\nconfidence 0\.9\d\n$/;

const weft = (...args) => spawnSync(compiler(), args, { encoding: "utf8" });
function compileObject(model, name, ...options) {
  const made = weft("compile", model, "--emit", "object", "-o", path.join(FOLDER, name), ...options);
  assert.equal(made.status, 0, made.stderr);
  return readHeader(path.join(FOLDER, name), name);
}
/** The bundle as the object's, and its manifest. */
async function compileBundle(model, name, variant, ...options) {
  const folder = path.join(FOLDER, `${name}.${variant}`);
  const made = weft("compile", model, "-o", folder, "--variants", variant, ...options);
  assert.equal(made.status, 0, made.stderr);
  return { loaded: (await import(pathToFileURL(path.join(folder, "model.js")).href)).load(), manifest: JSON.parse(readFileSync(path.join(folder, "model.json"), "utf8")) };
}
const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const visible = ({ inputs }) => inputs.filter(({ name }) => name !== "state.reset");

/** Runs the cases ({dims, feeds, reset}) in the bundle and in the object, which must agree in every bit. */
async function compare(model, name, cases, { variant = "simd128", options = [], object = [] } = {}) {
  const { loaded, manifest } = await compileBundle(model, name, variant, ...options);
  const header = compileObject(model, name, "--variants", variant, ...options, ...object);
  const bundle = await loaded, expected = [];
  for (const { feeds, reset } of cases) {
    if (reset) bundle.reset();
    const outputs = await bundle.run(feeds);
    expected.push(manifest.outputs.map((port) => bytesOf(outputs[port.name].slice())));
  }
  bundle.dispose();
  const runs = cases.map(({ dims, feeds, reset }) => ({ dims, reset, inputs: visible(manifest).map((port) => bytesOf(feeds[port.name].data)) }));
  const [got] = runObjects([{ header, runs, ranks: manifest.outputs.map(({ shape }) => shape.length) }]);
  got.forEach(({ code, outputs }, k) => {
    assert.equal(code, 0);
    assert.equal(outputs.length, manifest.outputs.length);
    outputs.forEach((bytes, i) => assert.ok(bytes.equals(expected[k][i]), `${name}: output ${manifest.outputs[i].name} of run ${k}`));
  });
  return { header, runs, expected, manifest };
}

const noise = (length, seed) => Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) * 2);
const CLS = ["--shape", "x=1x3x48x192"];
const clsCases = [1, 2, 3].map((seed) => ({ feeds: { x: { data: noise(3 * 48 * 192, seed), shape: [1, 3, 48, 192] } } }));

test("calls, slots of the table and addresses are linked (tests/targets/cases/assembler/relocatable.txt)", () => {
  const dump = readFileSync(path.join(ROOT, "tests/targets/cases/assembler/relocatable.txt"), "utf8").split("----\n")[1];
  const bytes = dump.trimEnd().split("\n").flatMap((line) => line.slice(8, 43).trim().split(" ").filter(Boolean).map((byte) => parseInt(byte, 16)));
  const object = path.join(FOLDER, "calls.o");
  writeFileSync(object, Uint8Array.from(bytes));
  const app = `#include <stdio.h>
    int weft_text_apply(int which, int x);
    int weft_text_lane(int x);
    static int thrice(int x) { return 3 * x; }
    int (*volatile pointer)(int) = thrice;  /* a slot of the table that is not the object's */
    int main(void) { printf("%d %d %d", weft_text_apply(0, 5), weft_text_apply(1, 5), pointer(weft_text_lane(11))); return 0; }`;
  assert.equal(runProgram(linkProgram(app, { objects: [object] })), "27 107 33");
  const listing = execFileSync("llvm-objdump-19", ["-r", "-t", object], { encoding: "utf8" });
  assert.match(listing, /R_WASM_TABLE_INDEX_I32\s+square/);
  assert.match(listing, /R_WASM_MEMORY_ADDR_SLEB\s+lists\+4/);
});

for (const [language, standard] of [["c", "c99"], ["c++", "c++11"]])
  test(`a header of everything is ${standard} (tests/bundle/object.h)`, () => {
    const { status, stderr } = spawnSync("clang-19", ["--target=wasm32-wasi", "-x", language, `-std=${standard}`, "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", path.join(ROOT, "tests/bundle/object.h")], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });

for (const variant of ["scalar", "simd128", "relaxed"])
  test(`a text classifier computes what its bundle does: ${variant}`, async (t) => {
    if (variant === "relaxed" && Number(process.versions.node.split(".")[0]) < 22) return t.skip("this engine has no relaxed SIMD");
    const { header } = await compare(path.join(folderOf("ppocr-cls"), "model.onnx"), "cls", clsCases, { variant, options: CLS });
    const object = readFileSync(path.join(FOLDER, "cls", "cls.o"));
    assert.deepEqual(await validate(object), []);
    const listing = execFileSync("llvm-objdump-19", ["-r", "-t", path.join(FOLDER, "cls", "cls.o")], { encoding: "utf8" });
    const globals = [...listing.matchAll(/^[0-9a-f]+ g .*\s(\S+)$/gm)].map(([, symbol]) => symbol).sort();
    assert.deepEqual(globals, [...header.inputs, ...header.outputs].map(({ symbol }) => symbol).concat("cls_prepare", "cls_run", "cls_failure").sort());
  });

test("SqueezeNet, with the weights in the object and in a file", async () => {
  const model = path.join(folderOf("squeezenet"), "model.onnx");
  const [{ name, shape, file }] = inputsOf("squeezenet");
  const data = new Float32Array(Uint8Array.from(readFileSync(path.join(folderOf("squeezenet"), file))).buffer);
  await compare(model, "squeezenet", [{ feeds: { [name]: { data, shape } } }]);
  const inside = readFileSync(path.join(FOLDER, "squeezenet/squeezenet.o")).length;
  const { header } = await compare(model, "outside", [{ feeds: { [name]: { data, shape } } }], { object: ["--external-weights"] });
  assert.ok(header.external);
  assert.ok(readFileSync(path.join(FOLDER, "outside/outside.o")).length < inside - 4e6);
});

test("a detector of open extents: every extent, what is refused, and the greatest where none is chosen", async () => {
  const model = modelOf("detector"), options = optionsOf("detector");
  const cases = casesOf("detector").map(({ dims, feeds }) => ({ dims: [dims.h, dims.w], feeds }));
  const { header, runs, expected, manifest } = await compare(model, "detector", [...cases, cases[1]], { options });
  assert.deepEqual(header.dimensions, ["n_h", "n_w"]);
  const ranks = manifest.outputs.map(({ shape }) => shape.length);
  const at = (h, w) => ({ ...runs[1], dims: [h, w] });
  const greatest = runs.find(({ dims: [h, w] }) => h === 320 && w === 320);
  const [got] = runObjects([{ header, ranks, runs: [{ ...greatest, dims: undefined }, runs[1], at(64, 48), at(32, 64), at(352, 64), at(64, 2 ** 31), { ...runs[1], dims: undefined }] }]);
  assert.deepEqual(got[0].outputs, expected[runs.indexOf(greatest)]);
  assert.deepEqual(got.slice(2, 6).map(({ code, failure }) => [code, failure.what, failure.value]), [[2, "w", 48n], [2, "h", 32n], [2, "h", 352n], [2, "w", 2n ** 31n]]);
  assert.deepEqual([got[2].failure.node, got[2].failure.least, got[2].failure.greatest], ["", 64, 320]);
  assert.deepEqual(got[6].outputs, expected[1], "what was refused changed nothing");
});

test("a decoder's cache stays in the model until it is reset, and is full at its end", async () => {
  const options = ["--dim", "batch=1", "--dim", "seq=1..64", "--dim", "past=0..192", "--state", "present.*=past_key_values.*"];
  const step = (ids, reset = false) => ({ dims: [ids.length], reset, feeds: { input_ids: { data: BigInt64Array.from(ids, BigInt), shape: [1, ids.length] } } });
  const cases = [step([11, 407, 3, 250, 88]), step([5]), step([9]), step([11, 407, 3, 250, 88], true), step([9])];
  const { header, runs, expected } = await compare(modelOf("decoder"), "decoder", cases, { options });
  assert.notDeepEqual(expected[2], expected[4]);
  assert.deepEqual(expected[0], expected[3]);
  const long = (length) => ({ dims: [length], inputs: [bytesOf(new BigInt64Array(length))] });
  const [got] = runObjects([{ header, ranks: [3], runs: [long(64), long(64), long(64), long(64), runs[0], { ...runs[0], reset: true }] }]);
  const full = got.findIndex(({ code }) => code !== 0);
  assert.ok(full > 1);
  assert.equal(got[full].code, 1);
  assert.notEqual(got[full].failure.node, "");
  assert.deepEqual(got[5].outputs, expected[0]);
});

test("what is out of range is named, and the model goes on", async () => {
  execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/checked_models.py"), path.join(FOLDER, "checked")]);
  const ids = (...values) => ({ dims: [3], feeds: { ids: { data: BigInt64Array.from(values, BigInt), shape: [2, 3] } } });
  const model = path.join(FOLDER, "checked/embedding.onnx"), options = ["--dim", "seq=1..8"];
  const { header, runs, expected } = await compare(model, "embedding", [ids(0, 1, 2, -1, -10, 9)], { options });
  const bad = { ...runs[0], inputs: [bytesOf(BigInt64Array.of(0n, 1n, -11n, 2n, 3n, 4n))] };
  const [got] = runObjects([{ header, ranks: [3], runs: [bad, runs[0]] }]);
  assert.deepEqual([got[0].code, got[0].failure], [1, { node: "words", what: "ids", value: -11n, least: -10, greatest: 9 }]);
  assert.deepEqual(got[1].outputs, expected[0]);
});

test("loops and extents that data decides", async () => {
  const folder = path.join(FOLDER, "data");
  execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/checked_models.py"), folder]);
  const scalar = (x) => ({ data: BigInt64Array.of(BigInt(x)), shape: [] });
  const trips = [3, 50, 0, 7].map((n, k) => ({ feeds: { trips: scalar(n), x: { data: Float32Array.of(1 + k, -k), shape: [2] } } }));
  await compare(path.join(folder, "loop.onnx"), "loop", trips, { options: ["--bound", "60"] });
  const ranges = [[0, 10, 3], [5, -5, -1], [3, 3, 1]].map(([from, to, by]) => ({ feeds: { from: scalar(from), to: scalar(to), by: scalar(by) } }));
  const { header, runs } = await compare(path.join(folder, "counted.onnx"), "counted", ranges, { options: ["--bound", "12"] });
  const [got] = runObjects([{ header, ranks: [1], runs: [{ inputs: [0n, 13n, 1n].map((x) => bytesOf(BigInt64Array.of(x))) }, runs[0]] }]);
  assert.deepEqual([got[0].code, got[0].failure.node, got[0].failure.value, got[0].failure.greatest], [1, "steps", 13n, 12]);
});

const GRAPHS = Number(process.env.WEFT_GRAPHS ?? 24);
test(`${GRAPHS} random graphs in one program: the bits of their bundles`, async () => {
  const folder = path.join(FOLDER, "graphs"), array = (dtype) => ARRAYS[dtype];
  mkdirSync(folder);
  execFileSync(path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release", "tests/graph_fuzz"), ["make", process.env.WEFT_SEED ?? "0", String(GRAPHS), folder + path.sep]);
  const models = [], expected = [];
  for (const seed of readdirSync(folder)) {
    const at = path.join(folder, seed), bytes = readFileSync(path.join(at, "case.bin"));
    const cases = JSON.parse(readFileSync(path.join(at, "case.json"), "utf8"));
    const given = ([from, size]) => Uint8Array.from(bytes.subarray(from, from + size));
    const { outputs: ports } = JSON.parse(readFileSync(path.join(at, "on/model.json"), "utf8"));
    const bundle = await load(pathToFileURL(path.join(at, "on") + path.sep), { variant: "simd128" });
    for (const { inputs } of cases) {
      const outputs = await bundle.run(Object.fromEntries(inputs.map(({ name, dtype, shape, data }) => [name, { data: new (array(dtype))(given(data).buffer), shape }])));
      expected.push(ports.map(({ name }) => bytesOf(outputs[name].slice())));
    }
    bundle.dispose();
    const header = readHeader(path.join(at, "object"), `g${seed}`);
    const runs = cases.map(({ extents, inputs }) => ({ dims: header.dimensions.length > 0 ? extents : undefined, inputs: inputs.map(({ data }) => given(data)) }));
    models.push({ header, runs, ranks: ports.map(({ shape }) => shape.length) });
  }
  assert.ok(models.length > GRAPHS / 2 && models.filter(({ header }) => header.dimensions.length > 0).length > GRAPHS / 5);
  const got = runObjects(models).flat();
  got.forEach(({ code, outputs }, k) => assert.deepEqual([code, ...outputs], [0, ...expected[k]]));
});

test("two models, and two of one model, in one program, as C and as C++", async () => {
  const decoder = ["--dim", "batch=1", "--dim", "seq=1..8", "--dim", "past=0..8", "--state", "present.*=past_key_values.*"];
  const ids = { data: BigInt64Array.of(5n, 6n, 7n), shape: [1, 3] };
  const states = await compare(modelOf("decoder"), "decoder2", [{ dims: [3], feeds: { input_ids: ids } }, { dims: [3], feeds: { input_ids: ids } }], { options: decoder });
  const cls = await compare(path.join(folderOf("ppocr-cls"), "model.onnx"), "cls2", clsCases, { options: CLS });
  assert.notDeepEqual(states.expected[0], states.expected[1]);
  // One after the other in turns; what one decoder keeps the other does not see.
  const runs = [0, 1, 0, 1].map((instance, k) => ({ ...states.runs[k >> 1], instance }));
  for (const language of ["c", "cpp"]) {
    const [got, classes] = runObjects([{ header: states.header, runs, ranks: [3] }, { header: cls.header, runs: cls.runs }], { language });
    assert.deepEqual(got.map(({ outputs }) => outputs), [0, 0, 1, 1].map((k) => states.expected[k]));
    assert.deepEqual(classes.map(({ outputs }) => outputs), cls.expected);
  }
});

test("examples/object reads a picture, in Node and on Wasmtime as examples/wasi-nn does", async () => {
  const folder = path.join(FOLDER, "example");
  await build("wasi", folder);
  const read = (picture) => runProgram(readFileSync(path.join(folder, "read.wasm")), { folder, args: [picture, "characters.txt"] });
  assert.match(read("picture.ppm"), READ);
  const wasmtime = spawnSync(compiler(), ["wasi", path.join(folder, "read.wasm"), "/data/picture.ppm", "/data/characters.txt", "--dir", `${folder}::/data`], { encoding: "utf8" });
  assert.equal(wasmtime.stdout, read("picture.ppm"), wasmtime.stderr);
});

test("what cannot be is refused in one sentence, and nothing is written", () => {
  const model = path.join(folderOf("ppocr-cls"), "model.onnx"), folder = path.join(FOLDER, "refused");
  const refused = (...options) => {
    const { status, stderr } = weft("compile", model, "-o", folder, ...CLS, ...options);
    assert.notEqual(status, 0);
    assert.ok(!existsSync(folder));
    return stderr;
  };
  assert.match(refused("--emit", "objects"), /--emit is bundle, object or component, not objects/);
  assert.match(refused("--external-weights"), /--external-weights is for --emit object/);
  assert.match(refused("--emit", "object", "--html"), /--html is for bundles/);
  assert.match(refused("--emit", "object", "--variants", "simd128,relaxed"), /an object has one variant/);
  assert.match(refused("--emit", "object", "--target", "webgpu"), /webgpu is not for --emit object/);
  execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/string_models.py"), path.join(FOLDER, "strings")]);
  const strings = weft("compile", path.join(FOLDER, "strings/building.onnx"), "--emit", "object", "-o", folder);
  assert.match(strings.stderr, /an object cannot do what only a JavaScript caller does: string\./);
  assert.ok(!existsSync(folder));
});

test("an object replaces an older one, and nothing else that has the name", () => {
  const model = path.join(folderOf("ppocr-cls"), "model.onnx"), folder = path.join(FOLDER, "again");
  const emit = (...options) => weft("compile", model, "--emit", "object", "-o", folder, ...CLS, ...options);
  assert.equal(emit("--external-weights").status, 0);
  assert.equal(emit().status, 0);
  assert.deepEqual(readdirSync(folder).sort(), ["again.h", "again.o"]);
  for (const name of ["notes.txt", "again.c", "again.onnx"]) {
    writeFileSync(path.join(folder, name), "mine");
    assert.match(emit().stderr, new RegExp(`again holds ${name.replace(".", "\\.")}, which is not weft's; choose another --output`), name);
    assert.equal(readFileSync(path.join(folder, name), "utf8"), "mine");
    rmSync(path.join(folder, name));
  }
});
