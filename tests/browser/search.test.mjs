// The page of examples/search in headless Chromium answers as Node does. WEFT_UPDATE=1 takes README's picture.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";

import { launchChromium } from "../support/chromium.mjs";
import { ROOT } from "../support/runtime.mjs";
import { ANSWERS } from "../support/search.mjs";
import { serve } from "../support/serve.mjs";
import { filesOf } from "../support/site.mjs";

let server, browser, page;
before(async () => {
  execFileSync(process.execPath, [path.join(ROOT, "examples/search/build_page.mjs")], { cwd: ROOT });
  server = await serve(filesOf(path.join(ROOT, "build/pages/search")), { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:" });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 900, height: 560 } });
  page.setDefaultTimeout(120_000);
  await page.goto(server.url + "index.html");
  await page.waitForSelector("#query:enabled");
});
after(async () => {
  await browser?.close();
  server?.close();
});

const search = async (query) => {
  await page.fill("#query", query);
  await page.evaluate(() => (document.getElementById("status").textContent = ""));
  await page.click("#go");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Found"));
  return page.locator("#found li span").allInnerTexts();
};

test("the sentences of the example", async () => {
  assert.match(await page.innerText("#status"), /^40 sentences read/);
  for (const [query, answer] of Object.entries(ANSWERS)) assert.match((await search(query))[0], answer);
  if (process.env.WEFT_UPDATE) {
    await search("how do insects talk to each other?");
    mkdirSync(path.join(ROOT, "docs/images"), { recursive: true });
    await page.screenshot({ path: path.join(ROOT, "docs/images/search.jpg"), type: "jpeg", quality: 70, fullPage: true });
  }
});

test("sentences of one's own", async () => {
  await page.click("summary");
  await page.fill("#sentences", "The cat sleeps.\nShares fell on Monday.");
  await page.click("#index");
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("2 sentences"));
  assert.deepEqual(await search("stock market"), ["Shares fell on Monday.", "The cat sleeps."]);
});
