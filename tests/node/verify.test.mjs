// weft verify and weft diff: right bundles pass, wrong ones fail, and the first node that differs is named.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../support/runtime.mjs";

const weft = compiler();
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-verify-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// A convolution with few weights, one with many, an index that must be exact.
const MODEL = `
import numpy as np, onnx
from onnx import helper as h, TensorProto as T, numpy_helper as n
r = np.random.default_rng(3)
w = lambda name, *shape: n.from_array(r.standard_normal(shape, dtype=np.float32), name)
nodes = [h.make_node("Conv", ["x", "w1"], ["a"], name="small"), h.make_node("Relu", ["a"], ["b"], name="relu"), h.make_node("Conv", ["b", "w2"], ["y"], name="large"),
         h.make_node("ArgMax", ["y"], ["i"], name="best", axis=1, keepdims=0)]
io = lambda name, t, *shape: h.make_tensor_value_info(name, t, shape)
g = h.make_graph(nodes, "g", [io("x", T.FLOAT, 1, 3, 6, 6)], [io("y", T.FLOAT, 1, 64, 4, 4), io("i", T.INT64, 1, 4, 4)], [w("w1", 16, 3, 3, 3), w("w2", 64, 16, 1, 1)])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), "model.onnx")
`;
execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", MODEL], { cwd: folder });
const run = (...args) => spawnSync(weft, args, { encoding: "utf8", cwd: folder, timeout: 120_000, env: { ...process.env, WEFT_NODE: process.execPath } });
const json = (...args) => {
  const { status, stdout, stderr } = run(...args, "--json");
  return { status, stderr, ...(stdout && { report: JSON.parse(stdout) }) };
};
const compiled = (name, ...flags) => assert.equal(run("compile", "model.onnx", "-o", name, ...flags).status, 0);
const relaxed = WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]));

test("every variant that the engine has passes; the others are named", () => {
  const { status, report, stderr } = json("verify", "model.onnx");
  assert.equal(status, 0, stderr);
  assert.equal(report.passed, true);
  const names = ["scalar", "simd128", ...(relaxed ? ["relaxed"] : [])];
  assert.deepEqual(report.variants.map(({ name }) => name), names);
  assert.deepEqual(report.skipped.map(({ name }) => name), relaxed ? [] : ["relaxed"]);
  for (const { outputs } of report.variants) {
    assert.deepEqual(outputs.map(({ name }) => name), ["y", "i"]);
    assert.equal(outputs[0].difference.elements, 1024);
    assert.ok(outputs[0].difference.relative < 1e-6 && outputs[0].evaluator.relative < 1e-6);
    assert.equal(outputs[1].difference.differing, 0);
  }
});

test("a real model passes", () => {
  const { status, report } = json("verify", path.join(ROOT, "build/models/ppocr-cls/model.onnx"), "--shape", "x=1x3x48x192");
  assert.equal(status, 0);
  assert.ok(report.variants.every(({ passed }) => passed));
});

test("narrow weights show their error, and the node where it begins", () => {
  for (const format of ["f16", "q8"]) assert.equal(json("verify", "model.onnx", "--weights", format).status, 0, format);
  const { status, report } = json("verify", "model.onnx", "--weights", "q8", "--tolerance", "0.0001");
  assert.equal(status, 1);
  assert.equal(report.passed, false);
  // w1 has 432 elements and stays; w2 is narrowed.
  assert.deepEqual([report.first_difference.node, report.first_difference.value], ["large", "y"]);
  assert.ok(report.first_difference.difference.relative > 0.001);
  const text = run("verify", "model.onnx", "--weights", "q8", "--tolerance", "0.0001");
  assert.match(text.stdout, /FAILED[^]*first node that differs in scalar: "large" \(conv\), its value "y"/);
});

test("a bundle: right, damaged, of another model or shape", () => {
  compiled("good");
  assert.equal(json("verify", "model.onnx", "--bundle", "good").status, 0);
  cpSync(path.join(folder, "good"), path.join(folder, "bad"), { recursive: true });
  const file = path.join(folder, "bad/model.weights");
  const bytes = readFileSync(file);
  bytes.fill(0, bytes.length - 64);
  writeFileSync(file, bytes);
  const refused = run("verify", "model.onnx", "--bundle", "bad");
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, /model\.weights is not as it was compiled/);
  const manifest = JSON.parse(readFileSync(path.join(folder, "bad/model.json"), "utf8"));
  delete manifest.weights.sha256; // as of an older compiler: only the results tell
  writeFileSync(path.join(folder, "bad/model.json"), JSON.stringify(manifest));
  const damaged = run("verify", "model.onnx", "--bundle", "bad");
  assert.equal(damaged.status, 1);
  assert.match(damaged.stdout, /simd128 +y .*FAILED[^]*With every value kept, all nodes agree/);
  const other = run("verify", path.join(ROOT, "build/models/ppocr-cls/model.onnx"), "--shape", "x=1x3x48x192", "--bundle", "good");
  assert.equal(other.status, 5);
  assert.match(other.stderr, /not of this model/);
  assert.equal(run("verify", "model.onnx", "--bundle", "none").status, 6);
  assert.equal(run("verify", "model.onnx", "--bundle", "good", "--variants", "scalar").status, 5);
});

test("diff: nothing, values, types", () => {
  compiled("a");
  compiled("q", "--weights", "q8");
  const same = run("diff", "a", "a");
  assert.deepEqual([same.status, same.stdout], [0, "the bundles are the same\n"]);
  const values = json("diff", "a", "bad");
  assert.equal(values.status, 1);
  assert.deepEqual(values.report.manifest.map(({ what }) => what), ["weights.sha256"]);
  assert.equal(values.report.weights.length, 1);
  assert.match(values.report.weights[0].after, /other values/);
  const types = json("diff", "a", "q");
  assert.equal(types.status, 1);
  assert.deepEqual(types.report.weights.map(({ what }) => what), ["w2", "w2.scale"]);
  assert.ok(types.report.manifest.some(({ what }) => what === "files.model.weights.bytes"));
  assert.equal(run("diff", "a", "none").status, 6);
});

test("a damaged manifest or header is an error, not a crash", () => {
  for (const [name, damage] of [["model.json", () => "{"], ["model.json", () => "[1]"], ["model.weights", () => "abc"], ["model.weights", (bytes) => (bytes.fill(0x7b, 8, 40), bytes)]]) {
    cpSync(path.join(folder, "good"), path.join(folder, "damaged"), { recursive: true });
    const file = path.join(folder, "damaged", name);
    writeFileSync(file, damage(readFileSync(file)));
    const { status, stderr } = run("diff", "good", "damaged");
    assert.equal(status, 3, `${name}: ${stderr}`);
    rmSync(path.join(folder, "damaged"), { recursive: true });
  }
});

test("wrong tolerances are refused", () => {
  for (const value of ["-1", "nan", "much", "1e-3x"]) assert.equal(run("verify", "model.onnx", "--tolerance", value).status, 5, value);
});
