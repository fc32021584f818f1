// Whole models against ONNX Runtime in every variant that the engine runs (tests/support/models.mjs). The large ones run once, in
// relaxed, unless WEFT_FULL=1. The compiler: $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { chosenModels, compileTaps, folderOf, FULL, inputsOf, isLarge, oracleOf, relativeError, TOLERANCE, VARIANTS } from "../support/models.mjs";
import { validate } from "../support/validate.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const ARRAYS = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array, i8: Int8Array };

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const supported = VARIANTS.filter((variant) => supportedVariants().includes(variant));
const lacking = VARIANTS.filter((variant) => !supported.includes(variant));
if (lacking.length) console.log(`not run here, because Node ${process.versions.node} lacks the feature: ${lacking.join(", ")}`);

/** A large model is compiled for what it runs in: nothing in an engine without relaxed SIMD. */
const once = (name) => isLarge(name) && !FULL;
const variantsOf = (name) => (once(name) ? supported.filter((variant) => variant === "relaxed") : supported);
const left = chosenModels().filter(once);
if (left.length) console.log(`in ${supported.includes("relaxed") ? "relaxed only" : "Node 24 only"}, because they are large (make test-full runs all): ${left.join(", ")}`);

function read(folder, { dtype, file }) {
  const bytes = readFileSync(path.join(folder, file));
  return new ARRAYS[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

for (const name of chosenModels().filter((name) => variantsOf(name).length > 0)) {
  const folder = folderOf(name);
  const bundle = path.join(folder, `taps-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once

  test(`${name} compiles`, () => {
    const manifest = compileTaps(name, bundle, once(name) ? variantsOf(name) : VARIANTS);
    const ports = (list) => list.map(({ name, dtype, shape }) => ({ name, dtype, shape })).sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(ports(manifest.inputs), ports(inputsOf(name)));
    assert.deepEqual(ports(manifest.outputs), ports(oracleOf(name)));
    assert.equal(oracleOf(name).filter(({ kind }) => kind === "tap").length, 5);
    for (const { memory } of manifest.variants) assert.ok(memory.arena <= 1.25 * memory.peak_live, JSON.stringify(memory));
  });
  for (const variant of variantsOf(name).toReversed())
    test(`${name}, ${variant}`, async (t) => {
      const { variants } = JSON.parse(readFileSync(path.join(bundle, "model.json"), "utf8"));
      const { file } = variants.find(({ name }) => name === variant);
      assert.deepEqual(await validate(readFileSync(path.join(bundle, file))), []);
      const model = await load(pathToFileURL(bundle + path.sep), { variant });
      const feeds = Object.fromEntries(inputsOf(name).map((input) => [input.name, read(folder, input)]));
      const first = await model.run(feeds);
      const second = await model.run(feeds);
      model.dispose();
      const wrong = [];
      let worst = 0;
      for (const reference of oracleOf(name)) {
        const error = relativeError(first[reference.name], read(path.join(folder, "oracle"), reference));
        worst = Math.max(worst, error);
        if (!(error <= TOLERANCE)) wrong.push(`${reference.kind} ${reference.name} [${reference.shape}]: error ${error.toExponential(1)} of the largest value`);
        assert.deepEqual(second[reference.name], first[reference.name], `${reference.name} differs in a second run`);
      }
      t.diagnostic(`largest error ${worst.toExponential(1)}`);
      assert.deepEqual(wrong, []);
    });
  // Its weights are on the disk three times already.
  if (isLarge(name)) after(() => rmSync(bundle, { recursive: true, force: true }));
}

test("model.js and model.d.ts of a bundle", async () => {
  const name = "ppocr-cls";
  const folder = folderOf(name);
  const bundle = path.join(folder, `module-node${process.versions.node.split(".")[0]}`);
  const [input] = inputsOf(name);
  rmSync(bundle, { recursive: true, force: true }); // use.ts of a run before
  const { outputs } = compile(path.join(folder, "model.onnx"), bundle, { shapes: { [input.name]: input.shape } });
  const output = outputs[0].name;
  // Its exports and nothing that the runtime keeps to itself.
  const module = await import(pathToFileURL(path.join(bundle, "model.js")).href);
  assert.deepEqual(Object.keys(module).sort(), ["InputError", "LoadError", "RuntimeError", "WeftError", "describe", "load"]);
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
