// weft's JavaScript host in a worker of a page in headless Chromium, under @bjorn3/browser_wasi_shim: the guests are the same files.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { launchChromium } from "../../support/chromium.mjs";
import { serve } from "../../support/serve.mjs";
import { PACKAGE } from "./package.mjs";

const shim = fileURLToPath(new URL("../../../node_modules/@bjorn3/browser_wasi_shim/dist/", import.meta.url));
const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function unavailable() {
  if (!existsSync(path.join(PACKAGE, "cli/wasi_nn.mjs"))) return "there is no package: make package";
  if (!existsSync(browser)) return `there is no ${browser}: tools/setup browser`;
  return existsSync(shim) ? undefined : "there is no @bjorn3/browser_wasi_shim: tools/setup node";
}

const WORKER = `
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "./shim/index.js";
import { wasiNN } from "./weft/cli/wasi_nn.mjs";

let host, models, log = [];
const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
async function begin({ files, named }) {
  models = new Map(await Promise.all(files.map(async (name) => [name, new File(await bytes("models/" + name))])));
  host = await wasiNN({ models: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, new URL("models/" + file, location.href)])), log: (line) => log.push(line) });
}
async function run({ guest, args }) {
  let output = "";
  log = [];
  const stdout = new ConsoleStdout((chunk) => (output += new TextDecoder().decode(chunk)));
  const wasi = new WASI([guest, ...args], [], [new OpenFile(new File([])), stdout, stdout, new PreopenDirectory("/models", models)]);
  const nn = host.guest();
  const { instance } = await WebAssembly.instantiate(await bytes("guests/" + guest), { wasi_snapshot_preview1: wasi.wasiImport, ...nn.imports });
  nn.bind(instance);
  const code = wasi.start(instance);
  return { code, output, log: log.join("\\n") };
}
addEventListener("message", async ({ data }) => {
  try {
    postMessage({ value: await (data.op === "begin" ? begin(data) : run(data)) });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
});
`;
const PAGE = `<!doctype html><title>wasi-nn</title><script type="module">
const worker = new Worker("worker.js", { type: "module" });
window.ask = (request) => new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => resolve({ error: event.message || "the worker did not start" });
  worker.postMessage(request);
});
</script>`;

function filesUnder(folder, prefix) {
  return Object.fromEntries(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return [prefix + path.relative(folder, file), readFileSync(file)];
  }));
}

export async function open({ models, named }) {
  const files = { "index.html": PAGE, "worker.js": WORKER, ...filesUnder(shim, "shim/"), ...filesUnder(PACKAGE, "weft/"), ...filesUnder(models, "models/"), ...filesUnder(path.join(models, "../guests"), "guests/") };
  const server = await serve(files, { "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'" });
  const chromium = await launchChromium();
  const page = await chromium.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${server.url}index.html`);
  await page.waitForFunction("typeof window.ask === 'function'");
  const ask = async (request) => {
    const { value, error } = await page.evaluate((request) => window.ask(request), request);
    if (error !== undefined) throw new Error(error);
    return value;
  };
  const close = async () => {
    await chromium.close();
    server.close();
  };
  try {
    await ask({ op: "begin", files: readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name), named: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, path.basename(file)])) });
  } catch (error) {
    await close();
    throw error;
  }
  return { run: ({ guest, args }) => ask({ op: "run", guest: path.basename(guest), args }), close };
}
