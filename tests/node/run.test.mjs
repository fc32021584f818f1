// weft run: inputs from files, outputs to files, profiles in all three forms, typed errors, and nothing left behind.
// The engine is the Node that runs this test. The compiler: $WEFT, or $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { folderOf, inputsOf, oracleOf, relativeError, TOLERANCE } from "../support/models.mjs";

const weft = compiler();
const scratch = mkdtempSync(path.join(os.tmpdir(), "weft-run-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const temporary = path.join(scratch, "tmp");
mkdirSync(temporary);

const env = { ...process.env, WEFT_NODE: process.execPath, TMPDIR: temporary };
const run = (args, more = {}) => spawnSync(weft, ["run", ...args], { encoding: "utf8", cwd: scratch, env: { ...env, ...more }, timeout: 120_000, maxBuffer: 1 << 26 });
const python = (code, ...args) => execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", code, ...args], { encoding: "utf8", cwd: scratch });
const nothingLeft = () => assert.deepEqual(readdirSync(temporary), []);

function succeeds(...args) {
  const { status, stdout, stderr } = run(args);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  nothingLeft();
  return stdout;
}

const CLS = path.join(folderOf("ppocr-cls"), "model.onnx");
const [input] = inputsOf("ppocr-cls");
const SHAPE = `${input.name}=${input.shape.join("x")}`;
const QUICK = ["--repeat", "3", "--warmup", "1"];

// Three inputs of three types, made and read by numpy.
python(`
import onnx, numpy as np
from onnx import helper as h, TensorProto as T
v = h.make_tensor_value_info
g = h.make_graph([h.make_node("Add", ["a=b", "a=b"], ["sum/f"], name="floats"), h.make_node("Add", ["i", "i"], ["sum.i"], name="integers"),
                  h.make_node("Not", ["b"], ["not"], name="booleans")], "g",
                 [v("a=b", T.FLOAT, [2, 3]), v("i", T.INT64, [2]), v("b", T.BOOL, [3])], [v("sum/f", T.FLOAT, [2, 3]), v("sum.i", T.INT64, [2]), v("not", T.BOOL, [3])])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), "kinds.onnx")
np.save("a.npy", np.arange(6, dtype=np.float32).reshape(2, 3)); np.save("i.npy", np.array([5, -7])); np.save("b.npy", np.array([True, False, True]))
np.save("double.npy", np.zeros((2, 3))); np.save("flat.npy", np.zeros(6, np.float32)); np.save("fortran.npy", np.asfortranarray(np.ones((2, 3), np.float32)))
np.save("big.npy", np.ones((2, 3), ">f4"))
`);
writeFileSync(path.join(scratch, "text.npy"), "no numbers");
writeFileSync(path.join(scratch, "short.npy"), readFileSync(path.join(scratch, "a.npy")).subarray(0, 140));
writeFileSync(path.join(scratch, "i.json"), "[9007199254740991, -2]");
writeFileSync(path.join(scratch, "few.json"), "[1]");
writeFileSync(path.join(scratch, "words.json"), '["one", 2]');
writeFileSync(path.join(scratch, "half.json"), "[0.5, 2]");
writeFileSync(path.join(scratch, "broken.json"), "[1, ");

test("numpy's files go in and come out, by input name, also with = in it", () => {
  succeeds("kinds.onnx", "--input", "a=b=a.npy", "--input", "i=i.npy", "--input", "b=b.npy", "--output", "out");
  assert.deepEqual(readdirSync(path.join(scratch, "out")).sort(), ["not.npy", "sum.i.npy", "sum_f.npy"]);
  assert.equal(python(`
import numpy as np
for n in ["sum_f", "sum.i", "not"]: t = np.load("out/" + n + ".npy"); print(t.dtype, t.shape, t.tolist())
`), "float32 (2, 3) [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]\nint64 (2,) [10, -14]\nbool (3,) [False, True, False]\n");
});

test("JSON, random and zeros; the summary", () => {
  const result = JSON.parse(succeeds("kinds.onnx", "--input", "i=i.json", "--input", "a=b=zeros", "--input", "b=random:3", "--json"));
  const [floats, integers] = result.outputs;
  assert.deepEqual([floats.min, floats.max, floats.mean, floats.shape], [0, 0, 0, [2, 3]]);
  assert.deepEqual(integers.first.slice(1), [-4]);
  const random = (seed) => JSON.parse(succeeds("kinds.onnx", "--input", `a=b=random:${seed}`, "--json")).outputs[0];
  const once = random(1);
  assert.deepEqual(random(1), once, "a seed gives the same numbers");
  assert.notDeepEqual(random(2).first, once.first);
  assert.ok(once.min >= -2 && once.max < 2 && once.min < once.max);
  assert.match(succeeds("kinds.onnx"), /^kinds: (relaxed|simd128), Node [^]*sum\/f {2}f32 \[2, 3\]\n {2}min .* max .* mean .* first /);
});

test("a real model computes what ONNX Runtime does, in every variant that is asked for", () => {
  const bytes = readFileSync(path.join(folderOf("ppocr-cls"), input.file));
  writeFileSync(path.join(scratch, "x.bin"), bytes);
  python(`import numpy as np; np.save("x.npy", np.fromfile("x.bin", np.float32).reshape([${input.shape}]))`);
  const expected = oracleOf("ppocr-cls").filter(({ kind }) => kind === "output");
  assert.ok(expected.length > 0);
  for (const variant of ["scalar", "simd128"]) {
    const { outputs, ...result } = JSON.parse(succeeds(CLS, "--shape", SHAPE, "--variant", variant, "--input", `${input.name}=x.npy`, "--output", "cls", "--json"));
    assert.equal(result.variant, variant);
    for (const { name, file } of expected) {
      const raw = readFileSync(path.join(folderOf("ppocr-cls"), "oracle", file));
      const written = readFileSync(path.join(scratch, outputs.find((output) => output.name === name).file));
      const floats = (buffer) => new Float32Array(new Uint8Array(buffer).buffer);
      assert.ok(relativeError(floats(written.subarray(written.length - raw.length)), floats(raw)) <= TOLERANCE);
    }
  }
});

/** Multiply-adds of the convolutions, as the model's file has them. */
const macs = () => Number(python(`
import onnx, math, sys
m = onnx.load(sys.argv[1]); m.graph.input[0].type.tensor_type.shape.CopyFrom(onnx.helper.make_tensor_type_proto(1, [${input.shape}]).tensor_type.shape)
m = onnx.shape_inference.infer_shapes(m, data_prop=True)
dims = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in list(m.graph.value_info) + list(m.graph.output) + list(m.graph.input)}
dims.update({i.name: list(i.dims) for i in m.graph.initializer})
for n in m.graph.node:
    if n.op_type == "Constant": dims[n.output[0]] = list(n.attribute[0].t.dims)
total = 0
for n in m.graph.node:
    if n.op_type == "Conv": total += math.prod(dims[n.output[0]]) * math.prod(dims[n.input[1]][1:])
print(total)
`, CLS));

function checkProfile(profile) {
  const { statements, classes, peak, run: whole, byStatements } = profile;
  assert.ok(statements.length > 50);
  statements.forEach((statement, i) => {
    assert.equal(statement.index, i);
    assert.ok(statement.minMs >= 0 && statement.minMs <= statement.medianMs);
    assert.ok(statement.nodes.length > 0 && statement.bytes > 0 && statement.flops >= 0);
  });
  const sum = (list, field) => list.reduce((total, row) => total + row[field], 0);
  assert.ok(Math.abs(sum(statements, "share") - 1) < 1e-9 && Math.abs(sum(classes, "share") - 1) < 1e-9);
  assert.equal(sum(classes, "statements"), statements.length);
  assert.ok(peak.before.gflops > 0 && peak.after.gflops > 0 && peak.before.gbps > 0 && peak.after.gbps > 0 && whole.minMs > 0);
  assert.ok(byStatements.outsideMedianMs >= 0 && byStatements.insideMedianMs <= byStatements.medianMs * 1.5);
  const products = statements.filter((statement) => /contraction|depthwise/.test(statement.class));
  const ratio = sum(products.filter(({ nodes }) => nodes.some((node) => /Conv/.test(node))), "flops") / (2 * macs());
  assert.ok(ratio >= 1 && ratio < 1.15, `${ratio} of the file's multiply-adds; the rest is bias and activation`);
  assert.ok(products.every(({ nodes }) => nodes.some((node) => /Conv|MatMul/.test(node))));
  assert.ok(products.some((statement) => statement.class === "depthwise"));
  return statements;
}

test("--profile=json: every statement with time, rates and nodes", () => {
  const profile = JSON.parse(succeeds(CLS, "--shape", SHAPE, "--variant", "simd128", "--profile=json", ...QUICK));
  assert.equal(profile.variant, "simd128");
  assert.equal(profile.peak.name, "mul+add");
  checkProfile(profile);
});

test("--profile: a table, then the classes and the gap", () => {
  const text = succeeds("--profile", CLS, "--shape", SHAPE, ...QUICK);
  assert.match(text, /# +µs +median +% +GFLOP\/s +GB\/s +of peak +of roof +bytes +class +kernel +nodes\n/);
  assert.match(text, /contraction +k\d+ conv .*Conv\.1 \+ /);
  for (const name of ["contraction", "depthwise", "pooling", "fold", "elementwise", "fill"]) assert.match(text, new RegExp(`^${name} +\\d+ `, "m"));
  assert.match(text, /outside of them [^]*peak +[\d.]+ GFLOP\/s before, [\d.]+ after/);
  const json = JSON.parse(succeeds(CLS, "--shape", SHAPE, "--profile", "--json", ...QUICK));
  checkProfile(json.profile);
  assert.equal(json.outputs.length, 1);
});

test("--profile=trace: Chrome's trace events, as Perfetto reads them", () => {
  const text = succeeds(CLS, "--shape", SHAPE, "--profile=trace", "--profile-output", "trace.json", ...QUICK);
  assert.match(text, /profile: trace\.json\n$/);
  const { traceEvents, displayTimeUnit } = JSON.parse(readFileSync(path.join(scratch, "trace.json"), "utf8"));
  assert.equal(displayTimeUnit, "ms");
  assert.deepEqual(traceEvents.filter(({ ph }) => ph === "M").map(({ name }) => name), ["process_name", "thread_name"]);
  const spans = traceEvents.filter(({ ph }) => ph === "X");
  assert.equal(spans.length + 2, traceEvents.length);
  for (const { name, cat, ts, dur, pid, tid, args } of spans) {
    assert.ok(typeof name === "string" && name && typeof cat === "string" && Number.isInteger(pid) && Number.isInteger(tid));
    assert.ok(Number.isFinite(ts) && ts >= 0 && Number.isFinite(dur) && dur >= 0);
    if (cat !== "run") assert.ok(args.flops >= 0 && args.bytes > 0 && args.nodes.length > 0);
  }
  const runs = spans.filter(({ cat }) => cat === "run");
  assert.equal(runs.length, 3);
  for (const outer of runs) {
    const inner = spans.filter(({ cat, ts }) => cat !== "run" && ts >= outer.ts && ts < outer.ts + outer.dur);
    assert.equal(inner.length, (spans.length - 3) / 3, "every run has all statements");
    // Viewers nest by time: one after the other, inside the run.
    let end = outer.ts;
    for (const { ts, dur } of inner) {
      assert.ok(ts >= end - 1e-3);
      end = ts + dur;
    }
    assert.ok(end <= outer.ts + outer.dur + 1e-3);
  }
});

test("a bundle runs as it is; what it does not say is left out", () => {
  assert.equal(spawnSync(weft, ["compile", "kinds.onnx", "-o", "plain", "--variants", "simd128"], { cwd: scratch }).status, 0);
  assert.equal(spawnSync(weft, ["compile", "kinds.onnx", "-o", "told", "--variants", "simd128", "--profile-info"], { cwd: scratch }).status, 0);
  const manifest = (folder) => JSON.parse(readFileSync(path.join(scratch, folder, "model.json"), "utf8"));
  assert.equal(manifest("plain").variants[0].profile, undefined);
  assert.deepEqual(manifest("told").variants[0].profile.find(({ source }) => source === "floats").flops, 6);
  assert.match(succeeds("plain", "--profile", ...QUICK), / call +call +floats\n[^]*--profile-info/);
  assert.match(succeeds("told", "--profile", ...QUICK), / elementwise +k\d+ add +floats\n/);
  assert.match(succeeds("told/model.json", "--repeat", "2"), /median of 2 runs/);
});

const BAD = [
  // name, arguments, exit code, what the message says
  ["an unknown input", ["kinds.onnx", "--input", "z=zeros"], 5, /z=zeros[^]*"a=b" \(f32 \[2, 3\]\)/],
  ["no value", ["kinds.onnx", "--input", "i"], 5, /NAME=VALUE/],
  ["no such kind of value", ["kinds.onnx", "--input", "i=ones"], 5, /"ones"/],
  ["no such file", ["kinds.onnx", "--input", "i=none.npy"], 6, /none\.npy/],
  ["another type", ["kinds.onnx", "--input", "a=b=double.npy"], 5, /f8[^]*f32 \[2, 3\][^]*f4/],
  ["another shape", ["kinds.onnx", "--input", "a=b=flat.npy"], 5, /\[6\][^]*\[2, 3\]/],
  ["Fortran order", ["kinds.onnx", "--input", "a=b=fortran.npy"], 5, /Fortran/],
  ["big-endian", ["kinds.onnx", "--input", "a=b=big.npy"], 5, /big-endian/],
  ["no .npy file", ["kinds.onnx", "--input", "a=b=text.npy"], 5, /NUMPY/],
  ["a .npy file that ends early", ["kinds.onnx", "--input", "a=b=short.npy"], 5, /ends after/],
  ["too few numbers", ["kinds.onnx", "--input", "i=few.json"], 5, /1 numbers[^]*2/],
  ["words", ["kinds.onnx", "--input", "i=words.json"], 5, /"one"/],
  ["half an integer", ["kinds.onnx", "--input", "i=half.json"], 5, /0\.5/],
  ["broken JSON", ["kinds.onnx", "--input", "i=broken.json"], 5, /no JSON/],
  ["no such model", ["none.onnx"], 6, /none\.onnx/],
  ["a folder without a bundle", ["tmp"], 6, /model\.json/],
  ["a shape for a bundle", ["tmp", "--dim", "n=1"], 5, /bundle/],
  ["no such variant", ["kinds.onnx", "--variant", "fast"], 5, /fast[^]*simd128/],
  ["no such engine", ["kinds.onnx", "--engine", "deno"], 5, /deno/],
  ["an engine that is not there", ["kinds.onnx", "--engine", "node:/no/node"], 6, /\/no\/node[^]*20\.16/],
  ["no such kind of profile", ["kinds.onnx", "--profile=graph"], 5, /graph[^]*trace/],
  ["no runs", ["kinds.onnx", "--repeat", "0"], 5, /--repeat/],
  ["runs that are no number", ["kinds.onnx", "--warmup", "few"], 5, /--warmup[^]*few/],
  ["an output folder that cannot be", ["kinds.onnx", "--output", "a.npy"], 6, /a\.npy/],
  ["a shape of the model that is open", [CLS], 5, /--(shape|dim)/],
];
for (const [name, args, code, message] of BAD)
  test(`${name} is a typed error`, () => {
    const { status, stdout, stderr } = run(args);
    assert.equal(status, code, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    nothingLeft();
    const json = run([...args, "--json"]);
    assert.equal(json.status, code);
    const { error } = JSON.parse(json.stderr);
    assert.deepEqual(Object.keys(error), ["kind", "message", "node"]);
    assert.match(error.message, message);
  });

test("a variant that the bundle or the engine lacks is a typed error", () => {
  assert.equal(spawnSync(weft, ["compile", "kinds.onnx", "-o", "simd", "--variants", "simd128"], { cwd: scratch }).status, 0);
  const { status, stderr } = run(["simd", "--variant", "scalar"]);
  assert.equal(status, 5, stderr);
  assert.match(stderr, /scalar/);
});

test("an engine that breaks down is reported", () => {
  const { status, stderr } = run(["kinds.onnx", "--engine", "node:/bin/sh"]);
  assert.notEqual(status, 0, stderr);
  nothingLeft();
});

test("Ctrl-C ends the engine and leaves nothing", async () => {
  const child = spawn(weft, ["run", CLS, "--shape", SHAPE, "--repeat", "1000000"], { cwd: scratch, env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
  const running = () => readdirSync(temporary).some((name) => readdirSync(path.join(temporary, name)).includes("task.json"));
  for (let i = 0; i < 3_000 && !running(); ++i) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(running());
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill("SIGINT");
  assert.equal(await ended, "SIGINT");
  nothingLeft();
});
