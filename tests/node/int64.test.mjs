// 64-bit integers as numbers: `weft compile --int64 number` and `load({ int64 })`, with their types.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../support/runtime.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-int64-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// best: where the largest is; doubled: of an integer input.
const MODEL = `
import onnx, numpy as np
from onnx import helper as h, TensorProto as T, numpy_helper as n
io = lambda name, t, *shape: h.make_tensor_value_info(name, t, shape)
nodes = [h.make_node("ArgMax", ["x"], ["best"], axis=1, keepdims=0), h.make_node("Mul", ["i", "two"], ["doubled"])]
g = h.make_graph(nodes, "g", [io("x", T.FLOAT, 2, 4), io("i", T.INT64, 3)], [io("best", T.INT64, 2), io("doubled", T.INT64, 3)], [n.from_array(np.array(2, np.int64), "two")])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), "model.onnx")
`;
execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", MODEL], { cwd: folder });
const weft = (...args) => spawnSync(compiler(), args, { cwd: folder, encoding: "utf8", env: { ...process.env, WEFT_NODE: process.execPath } });
for (const kind of ["bigint", "number"]) assert.equal(weft("compile", "model.onnx", "-o", kind, "--int64", kind).status, 0);
const open = async (kind, options) => (await import(pathToFileURL(path.join(folder, kind, "model.js")))).load(options);
const x = Float32Array.of(1, 5, 2, 0, 9, 1, 1, 1);

test("as the bundle was compiled, or as the caller says", async () => {
  const big = { best: BigInt64Array.of(1n, 0n), doubled: BigInt64Array.of(-6n, 0n, 8n) };
  const numbers = { best: Float64Array.of(1, 0), doubled: Float64Array.of(-6, 0, 8) };
  const wide = BigInt64Array.of(-3n, 0n, 4n), narrow = [-3, 0, 4];
  assert.deepEqual(await (await open("bigint")).run({ x, i: wide }), big);
  assert.deepEqual(await (await open("number")).run({ x, i: narrow }), numbers);
  assert.deepEqual(await (await open("number", { int64: "bigint" })).run({ x, i: wide }), big);
  assert.deepEqual(await (await open("bigint", { int64: "number" })).run({ x, i: narrow }), numbers);
  const remote = await open("number", { worker: true });
  assert.deepEqual(await remote.run({ x, i: narrow }), numbers);
  remote.dispose();
});

test("what does not fit a number is an error, and the model goes on", async () => {
  const model = await open("number");
  await assert.rejects(model.run({ x, i: [2 ** 52, 0, 1] }), { name: "RuntimeError", code: "unsafe_integer", message: /output "doubled": 9007199254740992 is not a safe integer/ });
  assert.deepEqual((await model.run({ x, i: [1, 2, 3] })).doubled, Float64Array.of(2, 4, 6));
});

test("weft run and verify work on either", () => {
  for (const kind of ["bigint", "number"]) assert.equal(JSON.parse(weft("run", kind, "--json").stdout).outputs[1].dtype, "i64");
  assert.equal(weft("verify", "model.onnx", "--bundle", "number").status, 0);
  assert.equal(weft("compile", "model.onnx", "--int64", "float").status, 5);
});

test("the types say so", () => {
  assert.match(readFileSync(path.join(folder, "number/model.d.ts"), "utf8"), /"i": TensorLike<Float64Array> \| Numbers;[^]*"best": Float64Array;/);
  const file = path.join(folder, "use.ts");
  writeFileSync(file, `import { load } from "./number/model.js";
    export const f = async (): Promise<Float64Array> => (await (await load()).run({ x: new Float32Array(8), i: [1, 2, 3] })).doubled;
    import { load as loadBig } from "./bigint/model.js";
    export const g = async (): Promise<BigInt64Array> => (await (await loadBig()).run({ x: new Float32Array(8), i: new BigInt64Array(3) })).doubled;\n`);
  const { status, stdout } = spawnSync(path.join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--types", "", file], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
