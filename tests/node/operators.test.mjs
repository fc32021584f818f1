// Operators that ONNX's own tests try at one size or not at all (tests/frontends/operator_models.py), against ONNX Runtime, in every variant.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { relativeError, VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/operators-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
const ARRAYS = { f32: Float32Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array };
const KINDS = { f32: "float32", i64: "int64", i32: "int32", boolean: "bool", u8: "uint8" };

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/operator_models.py"), FOLDER]);
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const read = ({ dtype, file }) => new ARRAYS[dtype](Uint8Array.from(readFileSync(path.join(FOLDER, file))).buffer);

for (const { name, model, reference, inputs } of JSON.parse(readFileSync(path.join(FOLDER, "index.json"), "utf8"))) {
  test(name, async () => {
    const file = path.join(FOLDER, model), bundle = path.join(FOLDER, name);
    const session = await ort.InferenceSession.create(path.join(FOLDER, reference), { logSeverityLevel: 3 });
    const expected = await session.run(Object.fromEntries(inputs.map((input) => [input.name, new ort.Tensor(KINDS[input.dtype], read(input), input.shape)])));
    execFileSync(compiler(), ["compile", file, "-o", bundle, "--variants", VARIANTS.join(",")], { stdio: "pipe" });
    for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each))) {
      const loaded = await load(pathToFileURL(bundle + path.sep), { variant });
      const outputs = await loaded.run(Object.fromEntries(inputs.map((input) => [input.name, read(input)])));
      for (const [output, { data }] of Object.entries(expected)) {
        const error = relativeError(outputs[output], data);
        assert.ok(error <= 1e-5, `${output} of ${name} in ${variant}: ${error}`);
      }
      loaded.dispose();
    }
  });
}
