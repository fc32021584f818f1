// The component that takes any ONNX bytes: the suite of wasi-nn on it, in Node and on Wasmtime, whose hosts know nothing of wasi-nn; what it exports.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

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

test("it exports wasi:nn and imports nothing", () => {
  const bytes = readFileSync(provider);
  component.validate(bytes);
  const world = component.witOf(bytes).split("\n").map((line) => line.trim());
  assert.deepEqual(world.filter((line) => line.startsWith("import ")), []);
  assert.deepEqual(world.filter((line) => line.startsWith("export ")), ["tensor", "errors", "inference", "graph"].map((name) => `export wasi:nn/${name}@0.2.0-rc-2024-10-28;`));
});
