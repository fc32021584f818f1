// The component that takes any ONNX bytes: the suite of wasi-nn on it, in Node and on Wasmtime, whose hosts know nothing of wasi-nn; a decoder with a cache; what it exports.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { guestOf } from "../../examples/wasi-nn/build.mjs";
import { PROGRAMS } from "../../examples/wasi-nn/programs.mjs";
import { expectedTokens } from "../support/decoder.mjs";
import { modelOf } from "../support/symbolic_models.mjs";
import * as component from "../wasi-nn/component.mjs";
import { provider } from "../wasi-nn/hosts/component-onnx.mjs";
import { loadHost, runSuite } from "../wasi-nn/run.mjs";

// Wasmtime compiles the component for each case: there, one of each kind (make wasi-nn-suite runs all).
for (const [name, only, least] of [["component-onnx", /./, 39], ["component-onnx-wasmtime", /^(types type-f32|run |errors damaged|lifetimes)/, 10]])
  test(`the suite on ${name}`, async (t) => {
    const host = await loadHost(name);
    assert.equal(host.unavailable(), undefined);
    const results = await runSuite(host, { only });
    for (const { name, result, reason, output } of results) await t.test(name, { skip: result === "skipped" && reason }, () => assert.equal(result, "passed", `${reason}\n${output}`));
    assert.ok(results.filter(({ result }) => result === "passed").length >= least, "cases are missing");
  });

test("a decoder says what ONNX Runtime says: its cache, empty at first, goes out of one step and into the next", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-")), file = (name) => path.join(folder, name);
  try {
    const [count, , ...prompt] = PROGRAMS.speak.args, model = modelOf("decoder");
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    const expected = `${(await expectedTokens(session, prompt.map(BigInt), Number(count))).join(" ")} \n`;
    const composed = component.compose(component.componentize(...guestOf(folder, "speak")), readFileSync(provider));
    await component.transpile(composed, file("js"));
    const inNode = await component.runCommand(file("js"), { args: ["speak", ...PROGRAMS.speak.args], files: { "/data": { "decoder.onnx": new Uint8Array(readFileSync(model)) } } });
    assert.deepEqual(inNode, { code: 0, output: expected });
    mkdirSync(file("data"));
    copyFileSync(model, file("data/decoder.onnx"));
    writeFileSync(file("speak.wasm"), composed);
    const { stdout, stderr } = spawnSync(compiler(), ["wasi", file("speak.wasm"), ...PROGRAMS.speak.args, "--dir", `${file("data")}::/data`], { encoding: "utf8" });
    assert.equal(stdout, expected, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("it exports wasi:nn and imports nothing", () => {
  const bytes = readFileSync(provider);
  component.validate(bytes);
  const world = component.witOf(bytes).split("\n").map((line) => line.trim());
  assert.deepEqual(world.filter((line) => line.startsWith("import ")), []);
  assert.deepEqual(world.filter((line) => line.startsWith("export ")), ["tensor", "errors", "inference", "graph"].map((name) => `export wasi:nn/${name}@0.2.0-rc-2024-10-28;`));
});
