// Models of scikit-learn and operators of ai.onnx.ml (tests/frontends/ml_models.py): one bundle for batches of 1 to 64 rows, beside ONNX Runtime,
// in every variant. Labels are equal, scores within 1e-5 of the largest.
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

const FOLDER = path.join(ROOT, `build/ml-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
const FEATURES = 4, BATCHES = [1, 7, 64, 2], TOLERANCE = 1e-5;

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/ml_models.py"), FOLDER], { stdio: "pipe" });
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const rows = new Float32Array(Uint8Array.from(readFileSync(path.join(FOLDER, "rows.f32"))).buffer);

/** `batch` rows of the test's data: as they are, with missing values, or as categories from 0 to 5. */
function rowsOf({ dtype, has_holes }, batch) {
  const numbers = rows.slice(0, batch * FEATURES);
  if (dtype === "i64") return BigInt64Array.from(numbers, (x) => BigInt(Math.min(5, Math.floor(Math.abs(x) * 3))));
  return has_holes ? numbers.map((x, i) => (i % 5 === 2 ? NaN : x)) : numbers;
}

function compare(actual, expected, what) {
  assert.equal(actual.length, expected.length, what);
  if (!(expected instanceof Float32Array)) return assert.deepEqual([...actual].map(String), [...expected].map(String), what);
  const holes = expected.filter(Number.isNaN).length;
  assert.equal(actual.filter(Number.isNaN).length, holes, what);
  const error = relativeError(actual, expected);
  assert.ok(error <= TOLERANCE, `${what}: ${error}`);
}

for (const model of JSON.parse(readFileSync(path.join(FOLDER, "index.json"), "utf8"))) {
  test(model.name, async () => {
    const bundle = path.join(FOLDER, model.name);
    execFileSync(compiler(), ["compile", `${bundle}.onnx`, "-o", bundle, "--dim", "batch=1..64", "--variants", VARIANTS.join(",")], { stdio: "pipe" });
    const session = await ort.InferenceSession.create(path.join(FOLDER, `${model.reference}.onnx`), { logSeverityLevel: 3 });
    const expected = [];
    for (const batch of BATCHES) {
      const input = new ort.Tensor(model.dtype === "i64" ? "int64" : "float32", rowsOf(model, batch), [batch, FEATURES]);
      const results = await session.run({ [model.input]: input });
      expected.push(session.outputNames.map((name) => results[name]));
    }
    for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each))) {
      const loaded = await load(pathToFileURL(bundle + path.sep), { variant });
      for (const [i, batch] of BATCHES.entries()) {
        const outputs = await loaded.run({ [model.input]: { shape: [batch, FEATURES], data: rowsOf(model, batch) } });
        for (const [k, name] of model.outputs.entries()) {
          const what = `${name} of ${model.name}, ${batch} rows, ${variant}`;
          assert.deepEqual(outputs[name].shape, expected[i][k].dims, what);
          compare(outputs[name], expected[i][k].data, what);
        }
      }
      loaded.dispose();
    }
  });
}
