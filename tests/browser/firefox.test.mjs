// Bundles in a page of headless Firefox (SpiderMonkey): scalar and simd128 give the bits that Node gives, relaxed is close.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { launchFirefox } from "../../bench/firefox.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const MODELS = { "ppocr-cls": { x: [1, 3, 48, 192] }, squeezenet: { data_0: [1, 3, 224, 224] } };
const VARIANTS = ["scalar", "simd128", "relaxed"];
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const LIMIT_MS = 120_000;

// Posts {[model/variant]: {outputs, info}} and what fails, as {error}.
const PAGE = `
import { load, describe } from "./weft.js";
const attempt = async (body) => {
  try {
    return await body();
  } catch ({ name, code, message }) {
    return { error: { name, code, message } };
  }
};
const asked = async () => Number(await (await fetch("asked", { method: "POST" })).text());
const results = { describe: await attempt(() => describe("ppocr-cls/")), html: await attempt(() => load("nowhere/")), cut: await attempt(() => load("cut/")) };
for (const { name, variant, input, count } of await (await fetch("cases.json")).json())
  results[name + "/" + variant] = await attempt(async () => {
    const model = await load(name + "/", { variant });
    const outputs = await model.run({ [input]: new Float32Array(count).map((_, i) => (i % 255) / 127 - 1) });
    model.dispose();
    return { variant: model.info.variant, outputs: Object.values(outputs).map((y) => Array.from(y)) };
  });
for (const cache of [true, "opfs"])
  results["cache " + cache] = await attempt(async () => {
    const before = await asked();
    const kept = [];
    for (const visit of [1, 2]) {
      const model = await load("ppocr-cls/", { variant: "simd128", cache });
      kept.push(Array.from(Object.values(await model.run({ x: new Float32Array(3 * 48 * 192).map((_, i) => (i % 255) / 127 - 1) }))[0]));
    }
    return { kept, asked: (await asked()) - before };
  });
results.abort = await attempt(() => load("squeezenet/", { signal: AbortSignal.abort(Object.assign(new Error("enough"), { code: "mine" })) }));
await fetch("results", { method: "POST", body: JSON.stringify(results) });
`;

let server, browser, results;
const expected = {};
before(async () => {
  buildRuntime();
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  const cases = [], files = {};
  for (const [name, shapes] of Object.entries(MODELS)) {
    const folder = path.join(ROOT, "build/models", name);
    const bundle = path.join(folder, "firefox");
    compile(path.join(folder, "model.onnx"), bundle, { shapes, variants: VARIANTS });
    for (const file of readdirSync(bundle)) files[`${name}/${file}`] = readFileSync(path.join(bundle, file));
    const [[input, shape]] = Object.entries(shapes);
    const count = shape.reduce((a, b) => a * b);
    for (const variant of VARIANTS) cases.push({ name, variant, input, count });
    const model = await load(pathToFileURL(bundle + path.sep), { variant: "simd128" });
    expected[name] = Object.values(await model.run({ [input]: new Float32Array(count).map((_, i) => (i % 255) / 127 - 1) })).map((y) => Array.from(y));
  }
  for (const file of Object.keys(files).filter((name) => name.startsWith("ppocr-cls/"))) files[file.replace("ppocr-cls", "cut")] = files[file];
  files["cut/model.weights"] = { body: files["cut/model.weights"].subarray(0, 5000) };
  let arrived;
  const posted = new Promise((resolve) => (arrived = resolve));
  server = await serve({
    ...files,
    "index.html": '<!doctype html><meta charset="utf-8"><title>weft</title><script type="module" src="page.js"></script>',
    "page.js": PAGE,
    "weft.js": readFileSync(path.join(RUNTIME, "weft.js")),
    "cases.json": JSON.stringify(cases),
    asked: () => String(server.requests.filter(({ name }) => name === "ppocr-cls/model.weights").length),
    results: (body) => (arrived(JSON.parse(body)), "ok"),
  }, { "content-security-policy": CSP });
  browser = launchFirefox(server.url + "index.html");
  const late = new Promise((resolve, reject) => setTimeout(() => reject(new Error("Firefox did not answer in time")), LIMIT_MS).unref());
  results = await Promise.race([posted, late, browser.exited.then((why) => Promise.reject(new Error(why)))]);
});
after(async () => {
  await browser?.close();
  server?.close();
});

for (const name of Object.keys(MODELS)) {
  for (const variant of ["scalar", "simd128"])
    test(`${name}, ${variant}: the same bits`, () => {
      const { outputs, error, variant: ran } = results[`${name}/${variant}`];
      assert.equal(error, undefined);
      assert.equal(ran, variant);
      assert.deepEqual(outputs, expected[name]);
    });
  test(`${name}, relaxed: close`, () => {
    const { outputs, error } = results[`${name}/relaxed`];
    assert.equal(error, undefined);
    outputs.forEach((y, o) => {
      const largest = Math.max(...expected[name][o].map(Math.abs));
      y.forEach((value, i) => assert.ok(Math.abs(value - expected[name][o][i]) <= 1e-5 * largest));
    });
  });
}

for (const cache of ["true", "opfs"])
  test(`weights are asked for once: cache ${cache}`, () => {
    const { kept, asked, error } = results[`cache ${cache}`];
    assert.equal(error, undefined);
    assert.equal(asked, 1);
    assert.deepEqual(kept, [expected["ppocr-cls"][0], expected["ppocr-cls"][0]]);
  });

test("describe, and errors in words", () => {
  assert.equal(results.describe.variant, "relaxed");
  assert.ok(results.describe.downloadBytes > 500_000);
  assert.deepEqual([results.html.error.name, results.html.error.code], ["LoadError", "http"]);
  assert.deepEqual([results.cut.error.name, results.cut.error.code], ["LoadError", "truncated"]);
  assert.equal(results.abort.error.code, "mine");
});
