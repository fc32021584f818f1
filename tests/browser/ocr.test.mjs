// The page of examples/ocr in headless Chromium reads the sample as Node does. WEFT_UPDATE=1 takes README's picture.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import { launchChromium } from "../support/chromium.mjs";
import { misread } from "../support/ocr.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";
import { filesOf } from "../support/site.mjs";

const site = path.join(ROOT, "build/pages/ocr");
let server, browser, page;
before(async () => {
  execFileSync(process.execPath, [path.join(ROOT, "examples/ocr/build_page.mjs")], { cwd: ROOT });
  server = await serve(filesOf(site), { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:" });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1100, height: 760 } });
  page.setDefaultTimeout(60_000);
  await page.goto(server.url + "index.html");
});
after(async () => {
  await browser?.close();
  server?.close();
});

const read = async () => {
  await page.waitForFunction(() => /^\d+ lines/.test(document.getElementById("status").textContent));
  return page.locator("#lines li span").allInnerTexts();
};

test("the sample", async () => {
  await page.click("#sample");
  assert.deepEqual(misread(await read()), []);
  assert.match(await page.innerText("#lines"), /This line is upside down.*upside down/);
  if (process.env.WEFT_UPDATE) {
    mkdirSync(path.join(ROOT, "docs/images"), { recursive: true });
    await page.screenshot({ path: path.join(ROOT, "docs/images/ocr.jpg"), type: "jpeg", quality: 70, fullPage: true });
  }
});

test("a picture of one's own, and what is none", async () => {
  await page.evaluate(() => (document.getElementById("status").textContent = ""));
  await page.setInputFiles("#file", path.join(ROOT, "examples/ocr/line.png"));
  const [text] = await read();
  assert.match(text.replace(/\s/g, ""), /^Firstlight,23linesoftext$/);
  await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await page.innerText("#error"), /notes\.txt is not a picture/);
});
