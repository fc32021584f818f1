// Loading, running and disposing of a real model in a page, again and again, leaves the renderer's memory flat.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { compile } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { buildRuntime, ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const CYCLES = 200, MODEL = "ppocr-cls", SHAPE = [1, 3, 48, 192];
let browser, server, page, devtools, processes;
before(async () => {
  buildRuntime();
  const folder = path.join(ROOT, "build/models", MODEL), bundle = path.join(folder, "dispose-chromium");
  compile(path.join(folder, "model.onnx"), bundle, { shapes: { x: SHAPE } });
  server = await serve({ "index.html": "<!doctype html><title>weft</title>", ...Object.fromEntries(readdirSync(bundle).map((name) => [name, readFileSync(path.join(bundle, name))])) });
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(server.url + "index.html");
  devtools = await page.context().newCDPSession(page);
  processes = await browser.newBrowserCDPSession();
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** Resident bytes of the page's renderer, after a collection. There are spare ones, which do not work. */
async function resident() {
  await devtools.send("HeapProfiler.collectGarbage");
  const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
  const [{ id }] = processInfo.filter(({ type }) => type === "renderer").sort((a, b) => b.cpuTime - a.cpuTime);
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]);
}

const cycles = (count) =>
  page.evaluate(async ([count, size]) => {
    const { load } = await import("./model.js");
    // Fetched once: the browser's inspector, which the test goes by, keeps what comes over the network.
    self.files ??= {};
    const fetch = async (url) => new Response((self.files[url] ??= await (await self.fetch(url)).arrayBuffer()), { headers: { "content-type": url.endsWith(".wasm") ? "application/wasm" : "" } });
    let held = 0;
    for (let i = 0; i < count; ++i) {
      const model = await load({ fetch });
      await model.run({ x: new Float32Array(size) });
      held = model.info.memoryBytes;
      model.dispose();
    }
    return held;
  }, [count, SHAPE.reduce((a, b) => a * b)]);

test(`${CYCLES} cycles`, async () => {
  await cycles(50);
  const early = await resident();
  // In parts, with a collection after each: a page that never yields has no time for one.
  let held = 0;
  for (let i = 0; i < 10; ++i) {
    held = await cycles(CYCLES / 10);
    await devtools.send("HeapProfiler.collectGarbage");
  }
  const late = await resident();
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  assert.ok(late - early < (CYCLES * held) / 20, `${mb(early)} after 50 cycles, ${mb(late)} after ${CYCLES} more, of ${mb(held)} each`);
});
