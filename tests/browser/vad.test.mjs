// The page of examples/vad in headless Chromium marks the sample as Node does. WEFT_UPDATE=1 takes README's picture.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import { makeRecording } from "../../examples/vad/recording.mjs";
import { resample, writeWav } from "../../examples/vad/wav.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";
import { filesOf } from "../support/site.mjs";
import { wronglyMarked } from "../support/vad.mjs";

let server, browser, page;
before(async () => {
  execFileSync(process.execPath, [path.join(ROOT, "examples/vad/build_page.mjs")], { cwd: ROOT });
  server = await serve(filesOf(path.join(ROOT, "build/pages/vad")), { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; media-src 'self' blob:; img-src 'self' data:" });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
  page.setDefaultTimeout(60_000);
  await page.goto(server.url + "index.html");
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** The times that the page lists, in seconds. */
const marked = async () => {
  await page.waitForFunction(() => /^\d+ stretches/.test(document.getElementById("status").textContent));
  const seconds = (text) => text.split(":").reduce((sum, part) => 60 * sum + +part, 0);
  return (await page.locator("#segments button").allInnerTexts()).map((text) => text.split(" – ").map(seconds)).map(([start, end]) => ({ start, end }));
};

test("the sample", async () => {
  await page.click("#sample");
  assert.deepEqual(wronglyMarked(await marked(), makeRecording().speech), []);
  if (process.env.WEFT_UPDATE) {
    mkdirSync(path.join(ROOT, "docs/images"), { recursive: true });
    await page.screenshot({ path: path.join(ROOT, "docs/images/vad.jpg"), type: "jpeg", quality: 70, fullPage: true });
  }
});

test("a recording of one's own, and what is none", async () => {
  const { samples, rate, speech } = makeRecording();
  await page.evaluate(() => (document.getElementById("status").textContent = ""));
  const half = samples.slice(0, rate * 5);
  await page.setInputFiles("#file", { name: "own.wav", mimeType: "audio/wav", buffer: Buffer.from(writeWav(resample(half, rate, 44100), 44100)) });
  assert.deepEqual(wronglyMarked(await marked(), speech.slice(0, 2)), []);
  await page.setInputFiles("#file", { name: "notes.wav", mimeType: "audio/wav", buffer: Buffer.from("no sound") });
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await page.innerText("#error"), /notes\.wav is not a recording/);
});
