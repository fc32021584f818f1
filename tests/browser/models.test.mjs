// Whole models in headless Chromium against ONNX Runtime (tests/support/models.mjs), in simd128 and relaxed; WEFT_FULL=1: the large
// models too, and scalar. The page fetches the bundle, the inputs and the references, and compares.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { launchChromium } from "../support/chromium.mjs";
import { chosenModels, compileTaps, folderOf, FULL, inputsOf, isLarge, oracleOf, relativeError, TOLERANCE, VARIANTS } from "../support/models.mjs";
import { buildRuntime, RUNTIME } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const names = chosenModels().filter((name) => FULL || !isLarge(name));
const variants = FULL ? VARIANTS : VARIANTS.slice(1);
const left = chosenModels().filter((name) => !names.includes(name));
if (left.length) console.log(`not run here, because they are large (make test-full runs them): ${left.join(", ")}`);
if (!FULL) console.log("not run here, because Node runs it: scalar");

const PAGE_SCRIPT = `
import { load } from "./weft.js";
const TYPES = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, i32: Int32Array, boolean: Uint8Array, u8: Uint8Array, i8: Int8Array };
${relativeError}
const read = async (url, dtype) => new TYPES[dtype](await (await fetch(url)).arrayBuffer());
/** The error of every reference tensor. */
self.compare = async (bundle, variant, inputs, references) => {
  const model = await load(bundle, { variant });
  const feeds = {};
  for (const { name, dtype, url } of inputs) feeds[name] = await read(url, dtype);
  const results = await model.run(feeds);
  const errors = [];
  for (const { name, dtype, url } of references) errors.push({ name, error: String(relativeError(results[name], await read(url, dtype))) });
  const { variant: ran } = model.info;
  model.dispose();
  return { ran, errors };
};
self.ready = true;
`;

/** Read when asked for: the weights of all models at once are many. */
const files = {
  "index.html": '<!doctype html><meta charset="utf-8"><title>models</title><script type="module" src="page.js"></script>',
  "page.js": PAGE_SCRIPT,
};
const offer = (folder, prefix) => {
  for (const name of readdirSync(folder)) files[prefix + name] = () => readFileSync(path.join(folder, name));
};

let browser, server;
before(async () => {
  buildRuntime();
  files["weft.js"] = readFileSync(path.join(RUNTIME, "weft.js"));
  server = await serve(files);
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  server?.close();
});

for (const name of names)
  test(name, async (t) => {
    const folder = folderOf(name);
    const bundle = path.join(folder, "taps-chromium");
    compileTaps(name, bundle, variants);
    offer(bundle, `${name}/`);
    const at = (prefix) => ({ name, dtype, file }) => ({ name, dtype, url: prefix + file });
    for (const { file } of inputsOf(name)) files[`inputs/${name}/${file}`] = () => readFileSync(path.join(folder, file));
    for (const { file } of oracleOf(name)) files[`oracle/${name}/${file}`] = () => readFileSync(path.join(folder, "oracle", file));
    for (const variant of variants) {
      const page = await browser.newPage(); // its memory goes with it
      await page.goto(server.url + "index.html");
      await page.waitForFunction(() => self.ready);
      const { ran, errors } = await page.evaluate((task) => self.compare(...task),
        [`${name}/`, variant, inputsOf(name).map(at(`inputs/${name}/`)), oracleOf(name).map(at(`oracle/${name}/`))]);
      await page.close();
      assert.equal(ran, variant);
      assert.deepEqual(errors.map(({ name }) => name), oracleOf(name).map(({ name }) => name));
      assert.deepEqual(errors.filter(({ error }) => !(Number(error) <= TOLERANCE)), [], variant);
      t.diagnostic(`${variant}: largest error ${Math.max(...errors.map(({ error }) => Number(error))).toExponential(1)}`);
    }
    if (isLarge(name)) rmSync(bundle, { recursive: true });
  });
