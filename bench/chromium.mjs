// Measures in a page of headless Chromium. Every cold start has a browser profile of its own, so that no code is cached.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { launchChromium } from "../tests/support/chromium.mjs";
import { serve } from "../tests/support/serve.mjs";
import { ROOT } from "./sizes.mjs";

const ORT = path.join(ROOT, "node_modules/onnxruntime-web/dist");
// The same isolation for both: it also gives the page a clock of 5 us.
const HEADERS = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp", "cache-control": "no-store" };

// The page loads nothing before a measurement asks for it.
const PAGE = `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module">
import { compareOutputs, measurePairs, openOnnxruntime, watchMemories, weftFeeds } from "./pairs.mjs";
const decode = (inputs) => inputs.map(({ bytes, ...rest }) => ({ ...rest, bytes: Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer }));
async function openWeft({ variant, inputs }) {
  const { load } = await import("./weft.js");
  const model = await load("bundle/", { variant });
  const feeds = weftFeeds(inputs);
  return { run: () => model.run(feeds), release: () => model.dispose(), info: model.info };
}
async function openPeer({ inputs, threads }) {
  const ort = await import("./ort/ort.wasm.bundle.min.mjs");
  ort.env.wasm.numThreads = threads;
  const model = new Uint8Array(await (await fetch("model.onnx")).arrayBuffer());
  return openOnnxruntime(ort, model, inputs, { executionProviders: ["wasm"] });
}
self.measure = async (task) => {
  task = { ...task, inputs: decode(task.inputs) };
  const weft = await openWeft(task);
  const peer = await openPeer(task);
  const agreement = compareOutputs(await weft.run(), await peer.run());
  // Infinity does not travel.
  if (!(agreement.relative <= task.tolerance)) return { agreement: { ...agreement, relative: null } };
  return { agreement, ...(await measurePairs(weft.run, peer.run, task)), memoryBytes: weft.info.memoryBytes };
};
self.coldStart = async (task, who) => {
  task = { ...task, inputs: decode(task.inputs) };
  const memories = watchMemories();
  const from = performance.now();
  const { run } = await (who === "weft" ? openWeft(task) : openPeer(task));
  await run();
  return { ms: performance.now() - from, memoryBytes: memories() };
};
self.supported = async () => (await import("./weft.js")).supportedVariants();
self.ready = true;
</script>`;

async function openPage(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`bench: in the page: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => self.ready === true);
  return page;
}

/** What a task (bench/node.mjs) needs, as files of the server. */
function filesOf(task) {
  const files = { "index.html": PAGE, "pairs.mjs": script(path.join(ROOT, "bench/pairs.mjs")), "weft.js": script(path.join(ROOT, "build/runtime/weft.js")) };
  for (const name of ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.mjs"]) files["ort/" + name] = script(path.join(ORT, name));
  files["ort/ort-wasm-simd-threaded.wasm"] = readFileSync(path.join(ORT, "ort-wasm-simd-threaded.wasm"));
  if (task === undefined) return files;
  for (const name of readdirSync(task.bundle)) files["bundle/" + name] = readFileSync(path.join(task.bundle, name));
  files["model.onnx"] = readFileSync(task.model);
  return files;
}

const script = (file) => ({ body: readFileSync(file), type: "text/javascript" });

/** The task as it travels to the page. */
const travelling = ({ inputs, variant, threads, warmup, samples, tolerance }) => ({
  variant, threads, warmup, samples, tolerance, inputs: inputs.map((input) => ({ ...input, bytes: Buffer.from(input.bytes).toString("base64") })),
});

async function withPage(browser, task, body) {
  const server = await serve(filesOf(task), HEADERS);
  try {
    const page = await openPage(browser, server.url + "index.html");
    try {
      return await body(page);
    } finally {
      await page.context().close();
    }
  } finally {
    server.close();
  }
}

/** The engine, as bench/run.mjs wants it. */
export async function open() {
  let browser = await launchChromium();
  const version = `Chromium ${browser.version()}`;
  const supported = await withPage(browser, undefined, (page) => page.evaluate(() => self.supported()));
  return {
    version,
    supported,
    async measure(task) {
      const measured = await withPage(browser, task, (page) => page.evaluate((task) => self.measure(task), travelling(task)));
      measured.agreement.relative ??= Infinity;
      return measured;
    },
    // A new browser process too: one that ran a model before would be warm.
    async coldStart(task, who) {
      await browser.close();
      browser = await launchChromium();
      return withPage(browser, task, (page) => page.evaluate(([task, who]) => self.coldStart(task, who), [travelling(task), who]));
    },
    close: () => browser.close(),
  };
}
