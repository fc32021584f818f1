// The page that compiles (examples/compile), in headless Chromium: a model is opened, compiled, run and downloaded; nothing leaves the page.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-page-"));
const site = path.join(ROOT, "build/pages/compile");
const MODEL = path.join(folder, "cls.onnx");
copyFileSync(path.join(ROOT, "build/models/ppocr-cls/model.onnx"), MODEL);

let server, browser, page;
before(async () => {
  const files = Object.fromEntries(readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const type = { ".css": "text/css" }[path.extname(file)];
    const body = readFileSync(file);
    return [path.relative(site, file), type ? { body, type } : body];
  }));
  server = await serve(files, { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:" });
  browser = await launchChromium();
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(server.url + "index.html");
});
after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const status = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.getElementById("status").textContent), pattern.source);
const text = (selector) => page.locator(selector).innerText();

test("opening a model shows its inputs and operators", async () => {
  await page.setInputFiles("#file", MODEL);
  await status(/Give each input its shape/);
  assert.match(await text("#name"), /cls\.onnx/);
  assert.match(await text("#operators"), /Conv × 53/);
  assert.equal(await page.inputValue('[data-input="x"]'), "1x3x1x1");
});

test("a shape that does not fit is an error in words, and the page stays alive", async () => {
  await page.fill('[data-input="x"]', "1x4x48x192");
  await page.click("#compile button");
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await text("#error"), /x|Conv/);
});

test("compiled, run and downloaded there: the bundle of the native program", async () => {
  await page.fill('[data-input="x"]', "1x3x48x192");
  await page.click("#compile button");
  await status(/Compiled in \d+ ms/);
  const before = server.requests.length;
  await page.fill("#repeat", "3");
  await page.click("#run");
  await page.waitForSelector("#result:not([hidden])");
  assert.match(await text("#latency"), /ms fastest.*relaxed: this engine has relaxed SIMD/);
  assert.match(await text("#values-out"), /softmax_0\.tmp_0\s+1 x 2/);

  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  assert.equal(download.suggestedFilename(), "cls.zip");
  const archive = path.join(folder, "cls.zip");
  await download.saveAs(archive);
  execFileSync("python3", ["-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])", archive, path.join(folder, "there")]);
  const { status: code, stderr } = spawnSync(compiler(), ["compile", MODEL, "-o", path.join(folder, "here"), "--shape", "x=1x3x48x192"], { encoding: "utf8" });
  assert.equal(code, 0, stderr);
  const names = readdirSync(path.join(folder, "here")).sort();
  assert.deepEqual(readdirSync(path.join(folder, "there")).sort(), names);
  for (const name of names) assert.ok(readFileSync(path.join(folder, "there", name)).equals(readFileSync(path.join(folder, "here", name))), name);
  assert.equal(server.requests.length, before, "the page asked the server for something");
});

test("given inputs; a wrong file is an error in words", async () => {
  const data = Buffer.alloc(3 * 48 * 192 * 4);
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 48, 192), }`.padEnd(117) + "\n";
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  writeFileSync(path.join(folder, "x.npy"), Buffer.concat([start, Buffer.from(header), data]));
  const results = async () => {
    await page.click("#run");
    await page.waitForFunction(() => document.getElementById("status").textContent === "" && !document.getElementById("run").disabled);
    assert.equal(await page.isVisible("#error"), false);
    return text("#values-out");
  };
  await page.setInputFiles("#values", path.join(folder, "x.npy"));
  assert.equal(await results(), await results(), "the same inputs give the same outputs");
  writeFileSync(path.join(folder, "x.npy"), Buffer.concat([start, Buffer.from(header), data.subarray(8)]));
  await page.setInputFiles("#values", path.join(folder, "x.npy"));
  await page.click("#run");
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await text("#error"), /holds 27646 elements of f32, the model wants 27648/);
});

test("what is no model is refused", async () => {
  writeFileSync(path.join(folder, "no.onnx"), "not a model");
  await page.setInputFiles("#file", path.join(folder, "no.onnx"));
  await page.waitForSelector("#error:not([hidden])");
  assert.ok((await text("#error")).length > 10);
  assert.equal(await page.isVisible("#model"), false);
});
