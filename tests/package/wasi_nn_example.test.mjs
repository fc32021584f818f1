// examples/wasi-nn: one program for WASI reads the sample under node:wasi, in a worker of a page in headless Chromium, and under `weft wasi`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";
import { filesOf } from "../support/site.mjs";
import { unavailable } from "../wasi-nn/hosts/native.mjs";

const EXPECTED = /^First light, 23 lines of ?text\nconfidence 0\.9\d\n$/;
const example = path.join(ROOT, "examples/wasi-nn");
const node = (...args) => spawnSync(process.execPath, ["--no-warnings", ...args], { cwd: ROOT, encoding: "utf8" });

test("node:wasi; a picture that is none", () => {
  const { status, stdout, stderr } = node(path.join(example, "read.mjs"));
  assert.equal(status, 0, stderr);
  assert.match(stdout, EXPECTED);
  const wrong = node(path.join(example, "read.mjs"), path.join(example, "read.c"));
  assert.notEqual(wrong.status, 0);
});

test("weft wasi", { skip: unavailable() }, () => {
  const folder = path.join(ROOT, "build/wasi-nn-example");
  const args = ["/data/picture.ppm", "/data/characters.txt", "--dir", `${folder}::/data`];
  const run = (...more) => spawnSync(compiler(), ["wasi", path.join(folder, "read.wasm"), ...args, ...more], { encoding: "utf8" });
  const { status, stdout, stderr } = run("--nn-graph", `reader=${path.join(folder, "reader")}`);
  assert.equal(status, 0, stderr);
  assert.match(stdout, EXPECTED);
  assert.match(run().stderr, /load_by_name "reader": not_found/);
});

let server, browser;
before(async () => {
  const { status, stderr } = node(path.join(example, "build_page.mjs"));
  assert.equal(status, 0, stderr);
  server = await serve(filesOf(path.join(ROOT, "build/pages/wasi-nn")), { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:" });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  server?.close();
});

test("a page", async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${server.url}index.html`);
  const ended = (text) => page.waitForFunction((text) => document.getElementById("status").textContent === text, text);
  await ended("Ready.");
  await page.click("#sample");
  await ended("The program ended with 0.");
  assert.match(await page.innerText("#output"), /^First light, 23 lines of ?text\nconfidence 0\.9/);
  // The program runs again, on a picture of one's own.
  await page.evaluate(() => (document.getElementById("status").textContent = ""));
  await page.setInputFiles("#file", path.join(ROOT, "examples/ocr/line.png"));
  await ended("The program ended with 0.");
  await page.setInputFiles("#file", { name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await ended("This is no picture that the browser can decode.");
});
