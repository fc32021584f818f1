// Whole models against ONNX Runtime: every output and five intermediate tensors of each model, in every variant that the engine
// runs, within 1e-4 of the largest reference value. tools/models makes build/models/NAME/oracle. The compiler: $WEFT_BUILD (build/release)/weft.
// WEFT_MODELS=squeezenet,ppocr-rec chooses models.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { validate } from "../support/validate.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const TOLERANCE = 1e-4;
const ARRAYS = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array, i8: Int8Array };
const VARIANTS = ["scalar", "simd128", "relaxed"];
const known = JSON.parse(readFileSync(path.join(ROOT, "tests/models/models.json"), "utf8"));
const names = process.env.WEFT_MODELS?.split(",") ?? Object.keys(known).filter((name) => known[name].default);

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const lacking = VARIANTS.filter((variant) => !supportedVariants().includes(variant));
if (lacking.length) console.log(`not run here, because Node ${process.versions.node} lacks the feature: ${lacking.join(", ")}`);

function read(folder, { dtype, file }) {
  const bytes = readFileSync(path.join(folder, file));
  return new ARRAYS[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** max|got - expected| / max|expected|; NaN counts as infinite. */
export function relativeError(got, expected) {
  assert.equal(got.length, expected.length);
  let error = 0, largest = 0;
  for (let i = 0; i < got.length; ++i) {
    const difference = Math.abs(Number(got[i]) - Number(expected[i]));
    error = Math.max(error, Number.isNaN(difference) && !Object.is(got[i], expected[i]) ? Infinity : difference || 0);
    largest = Math.max(largest, Math.abs(Number(expected[i])));
  }
  return error === 0 ? 0 : error / largest;
}

for (const name of names) {
  const folder = path.join(ROOT, "build/models", name);
  const bundle = path.join(folder, `taps-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
  const inputs = () => JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8"));
  const oracle = () => JSON.parse(readFileSync(path.join(folder, "oracle/index.json"), "utf8"));

  test(`${name} compiles`, () => {
    const shapes = Object.fromEntries(inputs().map(({ name, shape }) => [name, shape]));
    const manifest = compile(path.join(folder, "oracle/taps.onnx"), bundle, { shapes, variants: VARIANTS });
    const ports = (list) => list.map(({ name, dtype, shape }) => ({ name, dtype, shape })).sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(ports(manifest.inputs), ports(inputs()));
    assert.deepEqual(ports(manifest.outputs), ports(oracle()));
    assert.equal(oracle().filter(({ kind }) => kind === "tap").length, 5);
  });
  for (const variant of supportedVariants().toReversed())
    test(`${name}, ${variant}`, async (t) => {
      const { variants } = JSON.parse(readFileSync(path.join(bundle, "model.json"), "utf8"));
      const { file } = variants.find(({ name }) => name === variant);
      assert.deepEqual(await validate(readFileSync(path.join(bundle, file))), []);
      const model = await load(pathToFileURL(bundle + path.sep), { variant });
      const feeds = Object.fromEntries(inputs().map((input) => [input.name, read(folder, input)]));
      const first = await model.run(feeds);
      const second = await model.run(feeds);
      const wrong = [];
      let worst = 0;
      for (const reference of oracle()) {
        const error = relativeError(first[reference.name], read(path.join(folder, "oracle"), reference));
        worst = Math.max(worst, error);
        if (!(error <= TOLERANCE)) wrong.push(`${reference.kind} ${reference.name} [${reference.shape}]: error ${error.toExponential(1)} of the largest value`);
        assert.deepEqual(second[reference.name], first[reference.name], `${reference.name} differs in a second run`);
      }
      t.diagnostic(`largest error ${worst.toExponential(1)}`);
      assert.deepEqual(wrong, []);
    });
}

test("model.js and model.d.ts of a bundle", async () => {
  const name = "ppocr-cls";
  const folder = path.join(ROOT, "build/models", name);
  const bundle = path.join(folder, `module-node${process.versions.node.split(".")[0]}`);
  const [input] = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8"));
  const { outputs } = compile(path.join(folder, "model.onnx"), bundle, { shapes: { [input.name]: input.shape } });
  const output = outputs[0].name;
  // Its exports and nothing that the runtime keeps to itself.
  const module = await import(pathToFileURL(path.join(bundle, "model.js")).href);
  assert.deepEqual(Object.keys(module).sort(), ["InputError", "LoadError", "RuntimeError", "WeftError", "load"]);
  const feeds = { [input.name]: read(folder, input) };
  const model = await module.load({ variant: "simd128" });
  const other = await load(pathToFileURL(bundle + path.sep), { variant: "simd128" });
  assert.deepEqual(await model.run(feeds), await other.run(feeds));
  await assert.rejects(model.run({}), module.InputError);

  const program = path.join(bundle, "use.ts");
  writeFileSync(program, `
    import { load, InputError, type Inputs, type Outputs } from "./model.js";
    const model = await load({ onProgress: ({ loadedBytes }) => console.log(loadedBytes) });
    const inputs: Inputs = { ${JSON.stringify(input.name)}: new Float32Array(1) };
    const outputs: Outputs = await model.run(inputs, { signal: AbortSignal.timeout(9) });
    const values: Float32Array = outputs[${JSON.stringify(output)}];
    // @ts-expect-error
    await model.run({ other: values });
    // @ts-expect-error
    await model.run({ ${JSON.stringify(input.name)}: new Float64Array(1) });
    console.log(model.info.variant, new InputError("a", "b").code);
  `);
  const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--types", ""];
  execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), [...flags, program], { stdio: ["ignore", "inherit", "inherit"] });
});
