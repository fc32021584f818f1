// `weft compile --html`: the page beside the model, in headless Chromium, with the hashes of model.json as its integrity.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import sharp from "sharp";

import { compiler } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-html-"));
const bundle = path.join(folder, "ppocr-cls");
let server, browser, page, files;
before(async () => {
  const { status, stderr } = spawnSync(compiler(), ["compile", path.join(ROOT, "build/models/ppocr-cls/model.onnx"), "-o", bundle, "--shape", "x=1x3x48x192", "--html"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  files = Object.fromEntries(readdirSync(bundle).map((name) => [name, readFileSync(path.join(bundle, name))]));
  server = await serve({ ...files });
  browser = await launchChromium();
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
});
after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("every file has its hash and its SRI value, and a browser takes the latter", async () => {
  const manifest = JSON.parse(files["model.json"]);
  assert.deepEqual(manifest.files.map(({ name }) => name).sort(), Object.keys(files).filter((name) => name !== "model.json").sort());
  for (const { name, sha256, integrity } of manifest.files) {
    const digest = (encoding) => createHash("sha256").update(files[name]).digest(encoding);
    assert.deepEqual([sha256, integrity], [digest("hex"), `sha256-${digest("base64")}`], name);
  }
  const { integrity } = manifest.files.find(({ name }) => name === "model.js");
  await page.goto(server.url);
  const loads = (value) =>
    page.evaluate(([src, value]) => new Promise((resolve) => {
      const script = Object.assign(document.createElement("script"), { type: "module", src, integrity: value, onload: () => resolve(true), onerror: () => resolve(false) });
      document.head.append(script);
    }), [`${server.url}model.js?${Math.random()}`, value]);
  assert.equal(await loads(integrity), true);
  assert.equal(await loads(`sha256-${"A".repeat(43)}=`), false);
});

test("it loads, runs and shows the model", async () => {
  await page.goto(server.url + "index.html");
  await page.waitForSelector("#run:enabled");
  assert.equal(await page.title(), "model");
  assert.match(await page.innerText("#about"), /relaxed: this engine has relaxed SIMD; loaded in \d+ ms; [\d.]+ MB/);
  assert.match(await page.innerText("#inputs"), /x\s+f32 \[1, 3, 48, 192\]/);
  await page.selectOption("select", "zeros");
  await page.fill("#repeat", "3");
  await page.click("#run");
  await page.waitForSelector("#outputs:not([hidden])");
  assert.match(await page.innerText("#times"), /ms fastest, [\d.]+ ms median/);
  const { load } = await import(pathToFileURL(path.join(bundle, "model.js")));
  const model = await load({ variant: "simd128" });
  const [y] = Object.values(await model.run({ x: new Float32Array(3 * 48 * 192) }));
  const shown = (await page.innerText("#outputs tbody td:last-child")).split(", ").map(Number);
  assert.equal(shown.length, y.length);
  shown.forEach((value, i) => assert.ok(Math.abs(value - y[i]) < 1e-5, `${value} beside ${y[i]}`));
});

test("a picture as the input", async () => {
  const red = await sharp({ create: { width: 20, height: 10, channels: 3, background: "#ff0000" } }).png().toBuffer();
  const before = await page.innerText("#outputs tbody td:last-child");
  await page.setInputFiles('input[type="file"]', { name: "red.png", mimeType: "image/png", buffer: red });
  await page.click("#run");
  await page.waitForFunction((old) => document.querySelector("#outputs tbody td:last-child").innerText !== old, before);
  const { load } = await import(pathToFileURL(path.join(bundle, "model.js")));
  const [y] = Object.values(await (await load({ variant: "simd128" })).run({ x: new Float32Array(3 * 48 * 192).fill(1, 0, 48 * 192) }));
  const shown = (await page.innerText("#outputs tbody td:last-child")).split(", ").map(Number);
  shown.forEach((value, i) => assert.ok(Math.abs(value - y[i]) < 1e-4, `${value} beside ${y[i]}`));
});

test("a model that takes pictures and has labels: the best five by name", async () => {
  const out = path.join(folder, "named"), labels = path.join(folder, "labels.txt");
  writeFileSync(labels, "upright\nturned\n");
  const flags = ["--shape", "x=1x3x48x192", "--html", "--preprocess", "image:bgr,mean=0.5,std=0.5", "--labels", labels];
  const { status, stderr } = spawnSync(compiler(), ["compile", path.join(ROOT, "build/models/ppocr-cls/model.onnx"), "-o", out, ...flags], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const named = await serve(Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(path.join(out, name))])));
  try {
    await page.goto(named.url + "index.html");
    await page.waitForSelector("#run:enabled");
    assert.match(await page.innerText("#inputs"), /image\s+u8 \[1, 48, 192, 4\]/);
    const pixels = { width: 192, height: 48, data: Uint8Array.from({ length: 192 * 48 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 6) & 255)) };
    const png = await sharp(Buffer.from(pixels.data), { raw: { ...pixels, channels: 4 } }).png().toBuffer();
    await page.setInputFiles('input[type="file"]', { name: "lines.png", mimeType: "image/png", buffer: png });
    await page.click("#run");
    await page.waitForSelector("#outputs:not([hidden])");
    const { load, top } = await import(pathToFileURL(path.join(out, "model.js")));
    const [y] = Object.values(await (await load({ variant: "simd128" })).run({ image: pixels }));
    const shown = (await page.innerText("#outputs tbody td:last-child")).split(", ").map((text) => text.split(" "));
    top(y).forEach(({ label, score }, i) => assert.ok(shown[i][0] === label && Math.abs(Number(shown[i][1]) - score) < 1e-4, `${shown.join()} ${label} ${score}`));
  } finally {
    named.close();
  }
});

test("what is missing is said in words", async () => {
  const half = await serve({ ...files, "model.weights": { body: files["model.weights"].subarray(0, 1000) } });
  try {
    await page.goto(half.url + "index.html");
    await page.waitForSelector("#error:not([hidden])");
    assert.match(await page.innerText("#error"), /model\.weights holds \d+ bytes of weights.*truncated/);
    assert.equal(await page.innerText("h1"), "The model could not be loaded");
  } finally {
    half.close();
  }
});
