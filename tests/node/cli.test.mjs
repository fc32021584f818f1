// The command line as a person and a script meet it: help, exit codes, one clear message for each kind of bad input, and never a partial bundle.
// Models are made by python's onnx package (.venv). The compiler: $WEFT, or $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync, copyFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";

const weft = compiler();
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const MODELS = `
import onnx, sys
from onnx import helper as h, TensorProto as T, numpy_helper
import numpy as np
def save(name, nodes, inputs, outputs, inits=()):
    g = h.make_graph(nodes, "g", inputs, outputs, list(inits))
    onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17), h.make_opsetid("custom", 1)]), name)
f = lambda n, s: h.make_tensor_value_info(n, T.FLOAT, s)
save("good.onnx", [h.make_node("Relu", ["x"], ["y"], name="relu")], [f("x", [1, 4])], [f("y", [1, 4])])
save("open.onnx", [h.make_node("Relu", ["x"], ["y"], name="relu")], [f("x", ["batch", 4])], [f("y", ["batch", 4])])
save("unknown.onnx", [h.make_node("Warp", ["x"], ["a"], name="w1", domain="custom"), h.make_node("Warp", ["a"], ["b"], name="w2", domain="custom"),
     h.make_node("Weave", ["b"], ["y"], name="w3", domain="custom"), h.make_node("Reshape", ["x", "s"], ["r"], name="shaped")],
     [f("x", [1, 4]), h.make_tensor_value_info("s", T.INT64, [2])], [f("y", [1, 4])])
save("cycle.onnx", [h.make_node("Add", ["x", "b"], ["a"], name="first"), h.make_node("Relu", ["a"], ["b"], name="second")], [f("x", [1, 4])], [f("b", [1, 4])])
save("negative.onnx", [h.make_node("Relu", ["x"], ["y"], name="relu")], [f("x", [1, -7])], [f("y", [1, -7])])
save("huge.onnx", [h.make_node("Relu", ["x"], ["y"], name="relu")], [f("x", [1 << 40, 1 << 40])], [f("y", [1 << 40, 1 << 40])])
save("mismatch.onnx", [h.make_node("MatMul", ["x", "x"], ["y"], name="product")], [f("x", [3, 4])], [f("y", [3, 4])])
w = numpy_helper.from_array(np.ones(4, np.float32), "w")
for name, place in [("missing", "none.bin"), ("escape", "../outside.bin"), ("link", "link.bin")]:
    t = T(); t = onnx.TensorProto(); t.CopyFrom(w); t.ClearField("raw_data"); t.data_location = onnx.TensorProto.EXTERNAL
    e = t.external_data.add(); e.key = "location"; e.value = place
    save(name + ".onnx", [h.make_node("Add", ["x", "w"], ["y"], name="add")], [f("x", [1, 4])], [f("y", [1, 4])], [t])
`;
mkdirSync(path.join(folder, "models"));
execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", MODELS], { cwd: path.join(folder, "models") });
writeFileSync(path.join(folder, "outside.bin"), Buffer.alloc(16));
symlinkSync("../outside.bin", path.join(folder, "models/link.bin"));
const model = (name) => path.join(folder, "models", name + ".onnx");
writeFileSync(model("empty"), "");
writeFileSync(model("garbage"), Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) & 255)));
copyFileSync(path.join(ROOT, "build/models/ppocr-cls/model.onnx"), model("truncated"));
truncateSync(model("truncated"), 100_000);

const run = (...args) => spawnSync(weft, args, { encoding: "utf8", cwd: folder, timeout: 60_000 });

test("a bundle is written whole, and inspect agrees with it", () => {
  const made = run("compile", model("good"), "-o", "good", "--json");
  assert.equal(made.status, 0, made.stderr);
  const listed = JSON.parse(made.stdout).files.map((file) => file.name);
  assert.deepEqual(readdirSync(path.join(folder, "good")).sort(), [...listed, "model.json"].sort());
  const manifest = JSON.parse(readFileSync(path.join(folder, "good/model.json"), "utf8"));
  assert.deepEqual(manifest.inputs, [{ name: "x", dtype: "f32", shape: [1, 4] }]);
  const seen = JSON.parse(run("inspect", model("good"), "--json").stdout);
  assert.deepEqual(seen.operators, { Relu: 1 });
  assert.equal(seen.compiles, true);
  assert.equal(run("compile", model("good"), "-o", "good").status, 0, "a bundle replaces an older one");
});

const BAD = [
  // name, arguments, exit code, what the message says
  ["an empty file", ["compile", model("empty"), "-o", "out"], 3, /empty|ends|no graph/i],
  ["garbage", ["compile", model("garbage"), "-o", "out"], 3, /./],
  ["a truncated file", ["compile", model("truncated"), "-o", "out", "--shape", "x=1x3x48x192"], 3, /ends|truncated/i],
  ["unknown operators, all at once", ["compile", model("unknown"), "-o", "out"], 4, /Warp[^]*2[^]*w1[^]*Weave/],
  ["a cycle", ["compile", model("cycle"), "-o", "out"], 3, /first|second/],
  ["a negative extent", ["compile", model("negative"), "-o", "out"], 3, /x|-7/],
  ["a huge extent", ["compile", model("huge"), "-o", "out"], 7, /x|2\^40/],
  ["operands that do not fit", ["compile", model("mismatch"), "-o", "out"], 3, /product/],
  ["missing external data", ["compile", model("missing"), "-o", "out"], 6, /none\.bin/],
  ["external data that escapes", ["compile", model("escape"), "-o", "out"], 3, /outside\.bin/],
  ["external data that escapes by a link", ["compile", model("link"), "-o", "out"], 3, /link\.bin/],
  ["an open dimension", ["compile", model("open"), "-o", "out"], 5, /--dim batch=/],
  ["a bad --dim", ["compile", model("open"), "-o", "out", "--dim", "batch=many"], 5, /batch=many/],
  ["a bad --shape", ["compile", model("open"), "-o", "out", "--shape", "x"], 5, /INPUT=/],
  ["a constant that is no number", ["compile", model("good"), "-o", "out", "--constant", "x=many"], 5, /no list of numbers/],
  ["a constant for no input", ["compile", model("good"), "-o", "out", "--constant", "z=1"], 5, /z/],
  ["a constant of another size", ["compile", model("good"), "-o", "out", "--constant", "x=1,2,3,4,5,6,7"], 5, /7 numbers/],
  ["a bound that is no number", ["compile", model("good"), "-o", "out", "--bound", "y=many"], 5, /not an extent/],
  ["a bound for no node", ["compile", model("good"), "-o", "out", "--bound", "nothing=3"], 5, /no node with this first output/],
  ["a length for an input that is no sequence", ["compile", model("good"), "-o", "out", "--sequence", "x=2"], 5, /no input of the model that is a sequence/],
  ["an input that cannot be left out", ["compile", model("good"), "-o", "out", "--absent", "x"], 5, /no optional input/],
  ["a shape for no input", ["compile", model("good"), "-o", "out", "--shape", "z=1x4"], 5, /z/],
  ["an unknown variant", ["compile", model("good"), "-o", "out", "--variants", "avx"], 5, /avx/],
  ["an unknown stage", ["compile", model("good"), "--dump", "soup"], 5, /soup[^]*loops/],
  ["a missing file", ["compile", path.join(folder, "no.onnx"), "-o", "out"], 6, /no\.onnx/],
  ["a folder for a model", ["compile", folder, "-o", "out"], 6, /not a file/],
  ["no command", [], 2, /Usage: weft COMMAND/],
  ["an unknown option", ["compile", model("good"), "--fast"], 2, /--fast/],
];
for (const [what, args, code, message] of BAD)
  test(`${what}: exit code ${code}, one message, nothing written`, () => {
    const result = run(...args);
    assert.equal(result.status, code, result.stderr);
    assert.match(result.stderr, message);
    assert.doesNotMatch(result.stderr, /internal error/);
    assert.ok(!existsSync(path.join(folder, "out")));
    assert.deepEqual(readdirSync(folder).filter((name) => name.includes(".tmp")), []);
  });

test("inspect lists what is not supported, with the reason", () => {
  const seen = JSON.parse(run("inspect", model("unknown"), "--json").stdout);
  assert.equal(seen.compiles, false);
  assert.deepEqual(seen.unsupported.map(({ op, count, nodes, reason }) => [op, count, nodes[0], reason]), [
    ["Warp", 2, "w1", "weft does not know the operator"],
    ["Weave", 1, "w3", "weft does not know the operator"],
    ["Reshape", 1, "shaped", "more than one extent of the shape is computed from the model's inputs"],
  ]);
});

test("errors as JSON", () => {
  const result = run("compile", model("mismatch"), "-o", "out", "--json");
  const { error } = JSON.parse(result.stderr);
  assert.equal(error.kind, "invalid-model");
  assert.equal(error.node, "product");
});

test("a folder that is no bundle is left alone", () => {
  mkdirSync(path.join(folder, "mine"));
  writeFileSync(path.join(folder, "mine/notes.txt"), "keep");
  const result = run("compile", model("good"), "-o", "mine");
  assert.equal(result.status, 5);
  assert.deepEqual(readdirSync(path.join(folder, "mine")), ["notes.txt"]);
});

test("what lies beside a bundle is left alone, the model above all; so is another model.json", () => {
  const there = path.join(folder, "beside");
  assert.equal(run("compile", model("good"), "-o", "beside", "--html").status, 0);
  assert.equal(run("compile", model("good"), "-o", "beside").status, 0, "index.html is the older bundle's");
  const before = readdirSync(there);
  for (const name of ["index.html", "model.onnx", "notes.txt"]) {
    writeFileSync(path.join(there, name), "mine");
    const { status, stderr } = run("compile", model("good"), "-o", "beside");
    assert.equal(status, 5);
    assert.match(stderr, new RegExp(`beside holds ${name.replace(".", "\\.")}, which is not weft's; choose another --output`));
    assert.deepEqual(readdirSync(there).filter((other) => other !== name), before);
    rmSync(path.join(there, name));
  }
  mkdirSync(path.join(folder, "tfjs"));
  writeFileSync(path.join(folder, "tfjs/model.json"), JSON.stringify({ format: "layers-model", weightsManifest: [] }));
  writeFileSync(path.join(folder, "tfjs/group1-shard1of1.bin"), "mine");
  assert.match(run("compile", model("good"), "-o", "tfjs").stderr, /tfjs holds group1-shard1of1\.bin/);
});

test("--dim makes an open model compile; --dump prints every stage", () => {
  assert.equal(run("compile", model("open"), "-o", "open", "--dim", "batch=2").status, 0);
  for (const [stage, sign] of [["import", /^graph /], ["graph", /maximum/], ["groups", /group 0/], ["stages", /out/], ["schedules", /split|vectorize|blocks/], ["loops", /^kernel /], ["program", /^program \{/]]) {
    const result = run("compile", model("good"), "--dump", stage);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, sign, stage);
  }
});

test("help shows every command and option with examples", () => {
  assert.match(run("--help").stdout, /compile[^]*inspect[^]*Exit codes/);
  for (const command of ["compile", "inspect", "run"]) assert.match(run(command, "--help").stdout, /--shape[^]*--json[^]*Examples:\n {2}weft/);
});

test("Ctrl-C leaves nothing half-written", async () => {
  const big = path.join(ROOT, "build/models/resnet50/model.onnx");
  const child = spawn(weft, ["compile", big, "-o", "big", "--variants", "scalar,simd128,relaxed"], { cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal)));
  const hidden = () => readdirSync(folder).filter((name) => name.startsWith(".big.tmp"));
  for (let i = 0; i < 10_000 && hidden().length === 0 && child.exitCode === null; ++i) await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill("SIGINT");
  const signal = await ended;
  if (signal === null) return; // it was done before the signal came
  assert.equal(signal, "SIGINT");
  assert.deepEqual(hidden(), []);
  assert.ok(!existsSync(path.join(folder, "big")));
});
