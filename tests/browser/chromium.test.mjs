// The runtime in a page of headless Chromium: a bundle made by hand, and one that the compiler made, give what they give in Node.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import sharp from "sharp";

import { compile } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { INPUTS, makeBundle, OUTPUTS } from "../support/hand_bundle.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const MODEL = "ppocr-cls";
const folder = path.join(ROOT, "build/models", MODEL);
const bundle = path.join(folder, "browser");
// No script but the runtime's own file, and no eval: WebAssembly needs 'wasm-unsafe-eval', nothing else does.
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

// In the page: typed arrays travel as {type, values}.
const PAGE_SCRIPT = `
import * as weft from "./weft.js";
const pack = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, { type: a.constructor.name, values: Array.from(a, String) }]));
const unpack = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, { type, values }]) =>
  [name, self[type].from(values, type.startsWith("Big") ? BigInt : Number)]));
async function attempt(body) {
  try {
    return await body();
  } catch (error) {
    return { error: { name: error.name, code: error.code, message: error.message, weft: error instanceof weft.WeftError, node: error.node } };
  }
}
self.attempt = attempt;
self.runBundle = (source, inputs, options) => attempt(async () => {
  const model = await weft.load(source, options);
  const outputs = await model.run(unpack(inputs));
  return { outputs: pack(outputs), info: model.info };
});
self.abortRun = (source, inputs) => attempt(async () => {
  const model = await weft.load(source);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await model.run(unpack(inputs), { signal: controller.signal });
});
self.abortLoad = (source) => attempt(() => weft.load(source, { signal: AbortSignal.timeout(50) }));
self.loadModule = (code, weights, inputs) => attempt(async () => {
  const module = await WebAssembly.compileStreaming(fetch(code));
  const model = await weft.load(module, { weights });
  return { outputs: pack(await model.run(unpack(inputs))), info: model.info };
});
self.cached = (url, cache, inputs) => attempt(async () => {
  const { load } = await import(url);
  const seen = [];
  const outputs = [];
  for (const worker of [false, false, true]) {
    const model = await load({ cache, worker, variant: "simd128", onProgress: ({ loadedBytes, totalBytes }) => seen.push([loadedBytes, totalBytes]) });
    outputs.push(pack(await model.run(unpack(inputs))));
    model.dispose();
  }
  return { outputs, last: seen.at(-1) };
});
self.pictures = (url) => attempt(async () => {
  const { load, InputError } = await import(url);
  const model = await load({ variant: "simd128" }), there = await load({ variant: "simd128", worker: true });
  const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 100 });
  const context = canvas.getContext("2d");
  const gradient = context.createLinearGradient(0, 0, 300, 100);
  gradient.addColorStop(0, "#ff8000");
  gradient.addColorStop(1, "#0040ff");
  context.fillStyle = gradient;
  context.fillRect(0, 0, 300, 100);
  const data = context.getImageData(0, 0, 300, 100);
  const off = new OffscreenCanvas(300, 100);
  off.getContext("2d").drawImage(canvas, 0, 0);
  const img = new Image();
  img.src = "shot.png";
  await img.decode();
  const images = { data, canvas, off, img, bitmap: await createImageBitmap(canvas), frame: new VideoFrame(canvas, { timestamp: 0, alpha: "discard" }) };
  const outputs = {};
  for (const [name, image] of Object.entries(images)) outputs[name] = Object.values(await model.run({ image })).map((y) => Array.from(y))[0];
  outputs.worker = Object.values(await there.run({ image: canvas })).map((y) => Array.from(y))[0];
  const empty = await model.run({ image: new Image() }).catch((error) => [error instanceof InputError, error.code]);
  return { outputs, empty, bytes: Array.from(data.data) };
});
self.offline = (inputs) => attempt(async () => {
  const { manifest, code } = self.kept;
  const files = { "model.wasm": code, "model.weights": new URL("compiled/model.weights", location.href) };
  const model = await weft.load({ manifest, files }, { variant: "simd128", cache: true });
  return { outputs: pack(await model.run(unpack(inputs))) };
});
self.runModelJs = (url, inputs) => attempt(async () => {
  const { load } = await import(url);
  const model = await load();
  return { outputs: pack(await model.run(unpack(inputs))), info: model.info };
});
self.ready = true;
`;
const WORKER_SCRIPT = `
import { load } from "./weft.js";
self.onmessage = async () => {
  const model = await load("hand/");
  const { y } = await model.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6), index: BigInt64Array.of(2n), spin: new Int32Array(1), mask: new Uint8Array(3) });
  self.postMessage(Array.from(y));
};
`;

const pack = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, { type: a.constructor.name, values: Array.from(a, String) }]));
const html = { body: "<!doctype html><title>app</title>", type: "text/html" };
const folderFiles = (folder, prefix) => Object.fromEntries(readdirSync(folder).map((name) => [prefix + name, readFileSync(path.join(folder, name))]));

const SHOT = { width: 70, height: 50, data: Uint8Array.from({ length: 70 * 50 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 251)) };
const shot = () => sharp(Buffer.from(SHOT.data), { raw: { ...SHOT, channels: 4 } }).png().toBuffer();

let browser, server, page, feeds, expected;
before(async () => {
  buildRuntime();
  const inputs = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8"));
  compile(path.join(folder, "model.onnx"), bundle, { shapes: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])), variants: ["scalar", "simd128", "relaxed"] });
  feeds = Object.fromEntries(inputs.map(({ name, file }) => [name, new Float32Array(new Uint8Array(readFileSync(path.join(folder, file))).buffer)]));
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  expected = async (variant) => (await load(pathToFileURL(bundle + path.sep), { variant })).run(feeds);

  const hand = await makeBundle();
  const under = (prefix, changes = {}) => Object.fromEntries(Object.entries({ ...hand, ...changes }).map(([name, body]) => [prefix + name, body]));
  const codes = ["model.scalar.wasm", "model.wasm", "model.relaxed.wasm"];
  const each = (change) => Object.fromEntries(codes.map((name) => [name, change(hand[name])]));
  compile(path.join(folder, "model.onnx"), path.join(folder, "picture"), {
    shapes: { x: [1, 3, 48, 192] }, variants: ["simd128"], more: ["--preprocess", "image:bgr,resize=contain,mean=0.5,std=0.5,pad=127"],
  });
  const compiled = folderFiles(bundle, "compiled/");
  const flipped = (bytes) => bytes.with(bytes.length >> 1, bytes[bytes.length >> 1] ^ 1);
  server = await serve({
    "index.html": '<!doctype html><meta charset="utf-8"><title>weft</title><script type="module" src="page.js"></script>',
    "page.js": PAGE_SCRIPT,
    "worker.js": WORKER_SCRIPT,
    "shot.png": { body: await shot(), type: "image/png" },
    "weft.js": readFileSync(path.join(RUNTIME, "weft.js")),
    ...under("hand/"),
    ...under("plain/", each((body) => ({ body, type: "text/plain" }))),
    ...under("html/", each(() => html)),
    ...under("lying/", each(() => ({ ...html, type: "application/wasm" }))),
    ...under("cut/", each((body) => body.slice(0, body.length >> 1))),
    ...under("stall/", { "model.weights": { body: hand["model.weights"], stall: true } }),
    ...compiled,
    ...folderFiles(path.join(folder, "picture"), "picture/"),
    ...Object.fromEntries(Object.entries(compiled).map(([name, body]) => [name.replace("compiled/", "damaged/"), name.endsWith(".weights") ? flipped(body) : body])),
  }, { "content-security-policy": CSP });
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(server.url + "index.html");
  await page.waitForFunction(() => self.ready);
});
after(async () => {
  await browser?.close();
  server?.close();
});

const run = (source, inputs = INPUTS(), options = {}) =>
  page.evaluate(([source, inputs, options]) => self.runBundle(source, inputs, options), [source, pack(inputs), options]);
async function refused(answer, name, code, pattern) {
  const { error } = await answer;
  assert.ok(error, "it was to fail");
  assert.deepEqual([error.name, error.code], [name, code], error.message);
  assert.match(error.message, pattern);
}

test("a bundle, by the address of its folder, its manifest and a module", async () => {
  for (const source of ["hand/", "hand", "hand/model.json", "hand/model.relaxed.wasm", server.url + "hand/"]) {
    const { outputs, info, error } = await run(source);
    assert.equal(error, undefined);
    assert.deepEqual(outputs, pack(OUTPUTS));
    assert.equal(info.variant, "relaxed", info.variantReason);
  }
});

test("each variant", async () => {
  for (const variant of ["scalar", "simd128", "relaxed"]) {
    const { outputs, info } = await run("hand/", INPUTS(), { variant });
    assert.deepEqual(outputs, pack(OUTPUTS));
    assert.equal(info.variant, variant);
  }
});

test("a compiled module", async () => {
  const { outputs, error } = await page.evaluate(([inputs]) => self.loadModule("hand/model.wasm", "hand/model.weights", inputs), [pack(INPUTS())]);
  assert.equal(error, undefined);
  assert.deepEqual(outputs, pack(OUTPUTS));
});

test("a worker, with no more of the policy than without", async () => {
  const seen = await page.evaluate(() => self.attempt(async () => {
    const { load } = await import("./compiled/model.js");
    const here = await load({ variant: "simd128" }), there = await load({ variant: "simd128", worker: true });
    const x = new Float32Array(here.info.inputs[0].shape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i));
    const each = [await here.run({ x }), await there.run({ x })].map((outputs) => Object.values(outputs).map((y) => Array.from(y)));
    const wrong = await there.run({}).catch(({ name, code }) => [name, code]);
    const aborted = await there.run({ x }, { signal: AbortSignal.abort(new Error("enough")) }).catch(({ message }) => message);
    there.dispose();
    return { each, wrong, aborted, after: await there.run({ x }).catch(({ code }) => code) };
  }));
  assert.equal(seen.error, undefined);
  assert.deepEqual(seen.each[1], seen.each[0]);
  assert.deepEqual([seen.wrong, seen.aborted, seen.after], [["InputError", "missing_input"], "enough", "disposed"]);
});

test("a wrong MIME type does not matter", async () => assert.deepEqual((await run("plain/")).outputs, pack(OUTPUTS)));

test("HTML in place of WebAssembly", async () => {
  await refused(run("html/"), "LoadError", "html", /^expected WebAssembly, got HTML from http:.*html\/model\.relaxed\.wasm \(status 200\)$/);
  await refused(run("lying/"), "LoadError", "html", /expected WebAssembly, got HTML from http:.*lying\/model\.relaxed\.wasm \(status 200\)/);
  await refused(run("missing/"), "LoadError", "http", /missing\/model\.json: status 404/);
});

test("a module that is cut off", () => refused(run("cut/"), "LoadError", "compile", /cannot compile/));

test("errors of a run", async () => {
  await refused(run("hand/", { ...INPUTS(), index: BigInt64Array.of(7n) }), "RuntimeError", "out_of_range", /node Pick: expected index = 0\.\.2, got 7/);
  await refused(run("hand/", { ...INPUTS(), x: new Float32Array(2) }), "InputError", "shape", /expected 6 elements/);
});

for (const cache of [true, "opfs"])
  test(`weights are asked for once: cache ${cache}`, async () => {
    const asked = () => server.requests.filter(({ name }) => name === "compiled/model.weights").length;
    const before = asked();
    const { outputs, last, error } = await page.evaluate(([url, cache, inputs]) => self.cached(url, cache, inputs), ["./compiled/model.js", cache, pack(feeds)]);
    assert.equal(error, undefined);
    assert.equal(asked() - before, 1);
    assert.deepEqual(outputs, Array(3).fill(pack(await expected("simd128"))));
    assert.equal(last[0], last[1]);
  });

test("weights that are damaged on the way", async () => {
  await refused(run("damaged/"), "LoadError", "integrity", /damaged\/model\.weights is not as it was compiled from byte 0 on/);
});

test("pictures: ImageData, canvases, an image, an ImageBitmap, a VideoFrame; in a worker too", async () => {
  const { outputs: { data, ...others }, empty, bytes, error } = await page.evaluate(() => self.pictures("./picture/model.js"));
  assert.equal(error, undefined);
  assert.deepEqual(empty, [true, "value"]);
  const { load } = await import(pathToFileURL(path.join(folder, "picture/model.js")));
  const here = await (await load({ variant: "simd128" })).run({ image: { data: Uint8Array.from(bytes), width: 300, height: 100 } });
  assert.deepEqual(data, Array.from(Object.values(here)[0]));
  for (const name of ["canvas", "off", "bitmap", "worker"]) assert.deepEqual(others[name], data, name);
  assert.deepEqual(others.img, Array.from(Object.values(await (await load({ variant: "simd128" })).run({ image: SHOT }))[0]));
  others.frame.forEach((value, i) => assert.ok(Math.abs(value - data[i]) < 0.02)); // by way of YUV
});

test("offline: an error in words, and the page goes on; what is cached needs no network", async () => {
  const context = page.context();
  const code = await page.evaluate(async () => {
    self.kept = { manifest: await (await fetch("compiled/model.json")).json(), code: await (await fetch("compiled/model.wasm")).arrayBuffer() };
    return self.kept.code.byteLength;
  });
  assert.ok(code > 0);
  await context.setOffline(true);
  try {
    await refused(run("hand/", INPUTS(), { retries: 0 }), "LoadError", "network", /hand\/model\.json/);
    // Of an earlier test: its weights are in the cache.
    const { outputs, error } = await page.evaluate(([inputs]) => self.offline(inputs), [pack(feeds)]);
    assert.equal(error, undefined);
    assert.deepEqual(outputs, pack(await expected("simd128")));
  } finally {
    await context.setOffline(false);
  }
  assert.deepEqual((await run("hand/")).outputs, pack(OUTPUTS));
});

test("aborts", async () => {
  const { error } = await page.evaluate((inputs) => self.abortRun("hand/", inputs), pack({ ...INPUTS(), spin: Int32Array.of(2 ** 31 - 1) }));
  assert.equal(error.name, "AbortError");
  assert.equal((await page.evaluate(() => self.abortLoad("stall/"))).error.name, "TimeoutError");
});

test("in a module worker", async () => {
  const y = await page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(0);
  }));
  assert.deepEqual(y, Array.from(OUTPUTS.y));
});

// Scalar and simd128 code is exact: the same bits everywhere. Relaxed SIMD may round differently on another engine.
for (const variant of ["scalar", "simd128"])
  test(`a compiled model gives the bits that it gives in Node ${process.versions.node}: ${variant}`, async () => {
    const { outputs, error } = await run("compiled/", feeds, { variant });
    assert.equal(error, undefined);
    assert.deepEqual(outputs, pack(await expected(variant)));
  });

test("a compiled model, relaxed, is near", async () => {
  const { outputs } = await run("compiled/", feeds);
  for (const [name, reference] of Object.entries(await expected("simd128"))) {
    const got = outputs[name].values.map(Number);
    const largest = Math.max(...reference.map(Math.abs));
    reference.forEach((value, i) => assert.ok(Math.abs(got[i] - value) <= 1e-4 * largest));
  }
});

test("model.js of a compiled model", async () => {
  const { outputs, info, error } = await page.evaluate((inputs) => self.runModelJs("./compiled/model.js", inputs), pack(feeds));
  assert.equal(error, undefined);
  assert.equal(info.variant, "relaxed");
  assert.deepEqual(Object.keys(outputs), Object.keys(await expected("simd128")));
});
