// weft run, bench and verify on Wasmtime beside the same commands in Node: the same inputs from the same words, the same bytes of outputs, the
// same summary and errors. Needs Wasmtime (tools/setup wasmtime). The compiler: $WEFT, or $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { folderOf, inputsOf } from "../support/models.mjs";

const weft = compiler();
const scratch = mkdtempSync(path.join(os.tmpdir(), "weft-wasmtime-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const run = (...args) => spawnSync(weft, args, { encoding: "utf8", cwd: scratch, env: { ...process.env, WEFT_NODE: process.execPath }, timeout: 120_000, maxBuffer: 1 << 26 });
const on = (engine, command, ...args) => run(command, ...args, "--engine", engine);

// Every type, with a name that files dislike; an axis that is open; an index that may be wrong; strings.
execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", `
import numpy as np, onnx
from onnx import helper as h, TensorProto as T
v = h.make_tensor_value_info
save = lambda name, nodes, inputs, outputs: onnx.save(h.make_model(h.make_graph(nodes, "g", inputs, outputs), opset_imports=[h.make_opsetid("", 17)]), name)
types = [("DOUBLE", "f8"), ("FLOAT", "f4"), ("FLOAT16", "f2"), ("BFLOAT16", "u2"), ("INT64", "i8"), ("INT32", "i4"), ("INT16", "i2"), ("INT8", "i1"), ("UINT64", "u8"), ("UINT32", "u4"), ("UINT16", "u2"), ("UINT8", "u1"), ("BOOL", "?")]
r = np.random.default_rng(5)
for i, (t, n) in enumerate(types): np.save(t + ".npy", (r.integers(0, 2, (2, 5)) if n == "?" else r.standard_normal((2, 5)) * 30).astype(n))
save("types.onnx", [h.make_node("Concat", [t, t], [t + "/out."], axis=1) for t, _ in types], [v(t, getattr(T, t), [2, 5]) for t, _ in types], [v(t + "/out.", getattr(T, t), [2, 10]) for t, _ in types])
save("odd.onnx", [h.make_node("Div", ["x", "y"], ["é/f"])], [v("x", T.FLOAT, [8]), v("y", T.FLOAT, [8])], [v("é/f", T.FLOAT, [8])])
save("open.onnx", [h.make_node("Softmax", ["x"], ["y"], axis=1)], [v("x", T.FLOAT, ["n", 4])], [v("y", T.FLOAT, ["n", 4])])
save("gather.onnx", [h.make_node("Gather", ["x", "i"], ["y"], name="pick")], [v("x", T.FLOAT, [4]), v("i", T.INT64, [2])], [v("y", T.FLOAT, [2])])
save("words.onnx", [h.make_node("Equal", ["a", "b"], ["y"])], [v("a", T.STRING, [2]), v("b", T.STRING, [2])], [v("y", T.BOOL, [2])])
np.save("three.npy", np.arange(12, dtype=np.float32).reshape(3, 4)); np.save("nine.npy", np.zeros((9, 4), np.float32)); np.save("double.npy", np.zeros((2, 5)))
np.save("fortran.npy", np.asfortranarray(np.ones((2, 5), np.float32))); np.save("big.npy", np.ones((2, 5), ">f4")); np.save("flat.npy", np.ones(10, np.float32))
`], { cwd: scratch });
const TYPES = ["DOUBLE", "FLOAT", "FLOAT16", "BFLOAT16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8", "BOOL"];
const file = (name, contents) => writeFileSync(path.join(scratch, name), contents);
file("text.npy", "no numbers");
file("short.npy", readFileSync(path.join(scratch, "FLOAT.npy")).subarray(0, 140));
file("odd.json", "[1e300, -1e300, 0, -0.0, 123456.5, 0.00000123456, 1e-45, [[12345678901234567890]]]");
file("divisors.json", "[1, 1, 0, 3, 1, 1, 1, 1]");
file("ten.json", "[[-1, 2, 3, 250, 70000], [0, 0, true, false, 9007199254740991]]");
file("floats.json", "[[-1, 0.1, 1e-8, 65504, 70000], [6e-8, 0, true, false, -1e39]]");
file("few.json", "[1]");
file("words.json", '[["one", 2, 3, 4, 5], [6, 7, 8, 9, 10]]');
file("half.json", "[0.5, 2]");
file("null.json", "[null, 2]");
file("broken.json", "[1, ");
file("wrong.json", "[1, 7]");

/** Both engines write the same files; the result on Wasmtime. */
function agree(model, ...args) {
  const outputs = ["node", "wasmtime"].map((engine) => {
    const { status, stdout, stderr } = on(engine, "run", model, ...args, "--output", `out-${engine}`, "--json");
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  });
  const [node, wasmtime] = outputs;
  const plain = ({ model: name, repeat, warmup, outputs: of }) => ({ name, repeat, warmup, outputs: of.map((output) => ({ ...output, file: path.basename(output.file) })) });
  assert.deepEqual(plain(wasmtime), plain(node));
  for (const { file: name } of wasmtime.outputs)
    assert.deepEqual(readFileSync(path.join(scratch, name)), readFileSync(path.join(scratch, name.replace("out-wasmtime", "out-node"))), name);
  assert.deepEqual(readdirSync(path.join(scratch, "out-wasmtime")), readdirSync(path.join(scratch, "out-node")));
  for (const folder of ["out-node", "out-wasmtime"]) rmSync(path.join(scratch, folder), { recursive: true });
  const text = (engine) => on(engine, "run", model, ...args).stdout.split("\n").slice(1, -2);
  assert.deepEqual(text("wasmtime"), text("node"));
  return wasmtime;
}
const all = (value) => TYPES.flatMap((type) => ["--input", `${type}=${value(type)}`]);

test("every type: from .npy, JSON, random and zeros, to .npy and a summary", () => {
  const result = agree("types.onnx", ...all((type) => `${type}.npy`));
  assert.equal(result.variant, "relaxed");
  assert.deepEqual(result.engine, { name: "wasmtime", version: result.engine.version });
  assert.equal(result.outputs[0].file, "out-wasmtime/DOUBLE_out..npy");
  agree("types.onnx", ...all((type) => (/FLOAT|DOUBLE/.test(type) ? "floats.json" : "ten.json")));
  agree("types.onnx", "--repeat", "2", "--warmup", "1");
  agree("types.onnx", ...all(() => "random:4294967301"), "--variant", "scalar");
  agree("types.onnx", ...all(() => "zeros"));
});

test("numbers that are odd to print", () => {
  agree("odd.onnx", "--input", "x=odd.json", "--input", "y=divisors.json");
});

test("a real model, in every variant, as a bundle and as a model", () => {
  const model = path.join(folderOf("ppocr-cls"), "model.onnx");
  const [{ name, shape }] = inputsOf("ppocr-cls");
  const shapes = ["--shape", `${name}=${shape.join("x")}`];
  assert.equal(run("compile", model, ...shapes, "-o", "cls", "--variants", "scalar,simd128").status, 0);
  for (const variant of ["scalar", "simd128"]) {
    agree("cls", "--variant", variant, "--input", `${name}=random:7`);
    agree(model, ...shapes, "--variant", variant, "--input", `${name}=random:7`);
  }
  assert.equal(JSON.parse(on("wasmtime", "run", "cls/model.json", "--json").stdout).variant, "simd128");
});

test("open extents: as wide as they compile, or as a file has them", () => {
  const dims = ["--dim", "n=1..8", "--variant", "simd128"]; // Node 20 has no relaxed code to agree with
  assert.deepEqual(agree("open.onnx", ...dims).outputs[0].shape, [8, 4]);
  assert.deepEqual(agree("open.onnx", ...dims, "--input", "x=three.npy").outputs[0].shape, [3, 4]);
  const wide = on("wasmtime", "run", "open.onnx", ...dims, "--input", "x=nine.npy");
  assert.equal(wide.status, 5);
  assert.match(wide.stderr, /input "x"/);
});

test("errors name the input and the file, and have the exit codes of runs in Node", () => {
  const cases = [
    ["FLOAT=double.npy", /input "FLOAT": double\.npy holds numpy f8, the model wants f32 \[2, 5\], numpy f4/],
    ["FLOAT=text.npy", /input "FLOAT": text\.npy is no \.npy file that weft reads: it does not begin with/],
    ["FLOAT=short.npy", /input "FLOAT": short\.npy ends after 12 /],
    ["FLOAT=fortran.npy", /input "FLOAT": fortran\.npy .*Fortran order/],
    ["FLOAT=big.npy", /input "FLOAT": big\.npy .*big-endian/],
    ["FLOAT=flat.npy", /input "FLOAT": flat\.npy has the shape \[10\], the model wants f32 \[2, 5\]/],
    ["FLOAT=few.json", /input "FLOAT": few\.json has 1 numbers, the model wants 10, f32 \[2, 5\]/],
    ["INT8=words.json", /input "INT8": "one" in words\.json is not of the type i8/],
    ["INT8=floats.json", /input "INT8": 0\.1 in floats\.json is not of the type i8/],
    ["FLOAT=broken.json", /input "FLOAT": broken\.json is no JSON/],
    ["FLOAT=nothing", /input "FLOAT": "nothing" is neither a \.npy nor a \.json file, nor random\[:SEED\], nor zeros/],
    ["FLOAT=random:x", /"random:x" is neither/],
    ["other=zeros", /no input for "other=zeros"; the model's inputs: "DOUBLE" \(f64 \[2, 5\]\), /],
    ["FLOAT", /"FLOAT" is not of the form NAME=VALUE/],
  ];
  for (const [input, message] of cases)
    for (const engine of ["node", "wasmtime"]) {
      const { status, stderr } = on(engine, "run", "types.onnx", "--input", input);
      assert.equal(status, 5, `${engine}, ${input}: ${stderr}`);
      assert.match(stderr, message, engine);
    }
  const missing = on("wasmtime", "run", "types.onnx", "--input", "FLOAT=no.npy");
  assert.equal(missing.status, 6);
  assert.match(missing.stderr, /input "FLOAT": .*no\.npy/);
  for (const engine of ["node", "wasmtime"]) {
    const { status, stderr } = on(engine, "run", "gather.onnx", "--input", "i=wrong.json", "--json");
    assert.equal(status, 8, stderr);
    const { error } = JSON.parse(stderr);
    assert.deepEqual([error.kind, error.node], ["engine", "pick"]);
  }
});

test("what this engine does not have is refused by its name", () => {
  for (const [args, status, message] of [
    [["run", "types.onnx", "--profile"], 4, /--profile is not there on the engine wasmtime/],
    [["bench", "types.onnx", "--peer", "onnxruntime-web"], 4, /onnxruntime-web does not run on the engine wasmtime/],
    [["run", "words.onnx"], 4, /"strings"/],
    [["verify", "words.onnx"], 4, /"strings"/],
    [["run", "nothing"], 6, /nothing/],
  ]) {
    const got = on("wasmtime", ...args);
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stderr, message);
  }
  const { status, stderr } = spawnSync(weft, ["run", "types.onnx", "--engine", "wasmtime"], { encoding: "utf8", cwd: scratch, env: { ...process.env, WEFT_WASMTIME: "/nowhere/libwasmtime.so" } });
  assert.equal(status, 6);
  assert.match(stderr, /cannot open Wasmtime/);
});

test("weft bench: latency, cold start, sizes, memory, and no peer", () => {
  const { status, stdout, stderr } = on("wasmtime", "bench", "types.onnx", "--repeat", "4", "--seconds", "1", "--json");
  assert.equal(status, 0, stderr);
  const { weft: measured, peer, runs, engine } = JSON.parse(stdout);
  assert.equal(peer, undefined);
  assert.equal(engine.name, "wasmtime");
  assert.equal(runs, 4);
  assert.ok(measured.latencyMs >= measured.fastestMs && measured.fastestMs > 0 && measured.coldStartMs > measured.fastestMs);
  assert.ok(measured.memoryBytes >= 65536 && measured.memoryBytes % 65536 === 0);
  assert.equal(run("compile", "types.onnx", "-o", "types", "--variants", "relaxed").status, 0);
  assert.equal(measured.code.bytes, readFileSync(path.join(scratch, "types/model.relaxed.wasm")).length);
  const text = on("wasmtime", "bench", "types", "--repeat", "4", "--seconds", "1").stdout;
  assert.match(text, /^types, relaxed, Wasmtime [\d.]+, one thread, 4 runs\n[^]*cold start[^]*no peer/);
  assert.equal(on("wasmtime", "bench", "gather.onnx", "--input", "i=wrong.json").status, 8);
});

test("weft verify reads its inputs itself: no Node is needed", () => {
  const { status, stdout, stderr } = spawnSync(weft, ["verify", "open.onnx", "--dim", "n=1..8", "--input", "x=three.npy", "--engine", "wasmtime", "--json"], { encoding: "utf8", cwd: scratch, env: { ...process.env, WEFT_NODE: "/nowhere/node" } });
  assert.equal(status, 0, stderr);
  const { variants } = JSON.parse(stdout);
  assert.deepEqual(variants.map(({ name, passed }) => [name, passed]), [["scalar", true], ["simd128", true], ["relaxed", true]]);
  assert.equal(variants[0].outputs[0].difference.elements, 12);
});

test("native code is kept where --module-cache says", () => {
  const cached = (...more) => on("wasmtime", "run", "odd.onnx", "--module-cache", "kept", "--json", ...more);
  const outputs = ({ status, stdout, stderr }) => (assert.equal(status, 0, stderr), JSON.parse(stdout).outputs);
  const first = outputs(cached());
  const [name, ...others] = readdirSync(path.join(scratch, "kept"));
  assert.deepEqual(others, []);
  const { ino } = statSync(path.join(scratch, "kept", name));
  assert.deepEqual(outputs(cached()), first);
  assert.equal(statSync(path.join(scratch, "kept", name)).ino, ino, "it is not written again");
  const whole = readFileSync(path.join(scratch, "kept", name)), damaged = Buffer.from(whole);
  damaged[whole.length - 100] ^= 1;
  writeFileSync(path.join(scratch, "kept", name), damaged);
  assert.deepEqual(outputs(cached()), first);
  assert.ok(readFileSync(path.join(scratch, "kept", name)).equals(whole), "it is written again");
  assert.equal(on("wasmtime", "run", "odd.onnx", "--module-cache", "odd.onnx").status, 5);
  assert.equal(on("node", "run", "odd.onnx", "--module-cache", "kept").status, 5);
});
