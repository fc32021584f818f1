// Linear memory of whole models, and what a process grows by when it loads one. The bars: by default at most 2.5 times the bytes of the
// weights and the arena; with --optimize memory at most 1.05 times and 1 MiB. The arena is what `run` alone needs: loading may not add to it.
// The compiler: $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { chosenModels, folderOf, FULL, inputsOf, isLarge, relativeError, TOLERANCE, VARIANTS } from "../support/models.mjs";
import { buildRuntime, RUNTIME } from "../support/runtime.mjs";

const MiB = 2 ** 20;
const BARS = { speed: ({ weights, arena }) => 2.5 * weights + arena, memory: ({ weights, arena }) => 1.05 * weights + arena + MiB };
const ARRAYS = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array, i8: Int8Array };

buildRuntime();
const runtime = pathToFileURL(path.join(RUNTIME, "weft.js")).href;
const { load, supportedVariants } = await import(runtime);
const major = process.versions.node.split(".")[0];
const models = chosenModels().filter((name) => FULL || !isLarge(name));
const left = chosenModels().filter((name) => !models.includes(name));
if (left.length) console.log(`not measured, because they are large (make test-full does): ${left.join(", ")}`);

function compiled(name, optimize) {
  const shapes = Object.fromEntries(inputsOf(name).map((input) => [input.name, input.shape]));
  const folder = path.join(folderOf(name), `${optimize}-node${major}`);
  return { folder, manifest: compile(path.join(folderOf(name), "model.onnx"), folder, { shapes, variants: VARIANTS, optimize }) };
}

function feeds(name) {
  return Object.fromEntries(inputsOf(name).map((input) => {
    const bytes = readFileSync(path.join(folderOf(name), input.file));
    return [input.name, new ARRAYS[input.dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))];
  }));
}

after(() => {
  for (const name of models.filter(isLarge)) for (const goal of Object.keys(BARS)) rmSync(path.join(folderOf(name), `${goal}-node${major}`), { recursive: true, force: true });
});

for (const name of models)
  test(`${name}: linear memory`, async (t) => {
    const built = Object.fromEntries(Object.keys(BARS).map((goal) => [goal, compiled(name, goal)]));
    for (const [goal, bar] of Object.entries(BARS)) {
      const { manifest } = built[goal];
      for (const { name: variant, memory } of manifest.variants) {
        const bytes = memory.pages * 65536;
        const limit = bar({ weights: manifest.weights.bytes, arena: memory.run_arena });
        t.diagnostic(`${goal}, ${variant}: ${bytes} bytes, ${((bytes - memory.run_arena) / manifest.weights.bytes).toFixed(3)} of the weights and the arena`);
        assert.ok(bytes <= limit, `${goal}, ${variant}: ${bytes} bytes, the bar is ${Math.round(limit)}`);
      }
    }
    const variant = supportedVariants()[0];
    const models = {};
    for (const goal of Object.keys(BARS)) models[goal] = await load(pathToFileURL(built[goal].folder + path.sep), { variant });
    const { pages } = built.memory.manifest.variants.find((v) => v.name === variant).memory;
    assert.equal(models.memory.info.memoryBytes, pages * 65536);
    const [speed, memory] = [await models.speed.run(feeds(name)), await models.memory.run(feeds(name))];
    // The default filters some convolutions by Winograd's method, which rounds otherwise: then its weights differ.
    const alike = built.speed.manifest.variants[0].memory.weights === built.memory.manifest.variants[0].memory.weights;
    for (const output of Object.keys(speed))
      if (alike) assert.deepEqual(memory[output], speed[output]);
      else assert.ok(relativeError(memory[output], speed[output]) <= TOLERANCE, output);
    t.diagnostic(alike ? "outputs are equal bit for bit" : "outputs are close: the default has Winograd's convolutions");
  });

// A process that loads the model and says how much it grew at its peak.
const LOADER = `
  const [runtime, bundle] = process.argv.slice(-2);
  const { load } = await import(runtime);
  const { readFileSync } = await import("node:fs");
  const peak = () => Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  const before = peak();
  const { info } = await load(new URL(bundle));
  console.log(JSON.stringify({ grown: peak() - before, linear: info.memoryBytes }));
`;
const reason = process.platform === "linux" ? false : "needs /proc";
test("resnet50: a process grows by its linear memory and little more", { skip: models.includes("resnet50") ? reason : "resnet50 is not chosen" }, (t) => {
  const { folder } = compiled("resnet50", "speed");
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", LOADER, runtime, pathToFileURL(folder + path.sep).href], { encoding: "utf8" });
  const { grown, linear } = JSON.parse(out);
  t.diagnostic(`grew by ${grown} bytes, linear memory ${linear}`);
  assert.ok(grown <= linear + 32 * MiB, `grew by ${grown} bytes, linear memory is ${linear}`);
});
