// A C program with a model in it, linked by emcc (examples/object), as a page in headless Chromium.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { build } from "../../examples/object/build.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { serve } from "../support/serve.mjs";

const FOLDER = mkdtempSync(path.join(tmpdir(), "weft-object-page-"));
after(() => rmSync(FOLDER, { recursive: true }));

test("the page reads the picture", async () => {
  await build("web", FOLDER);
  const site = await serve(Object.fromEntries(["read.html", "read.js", "read.wasm"].map((name) => [name, readFileSync(path.join(FOLDER, name))])));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${site.url}read.html`);
    await page.waitForFunction(() => /confidence/.test(document.querySelector("#output").value), undefined, { timeout: 60000 });
    assert.match(await page.inputValue("#output"), /^First light, 23 lines of ?text\nconfidence 0\.9\d\n/);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    site.close();
  }
});
