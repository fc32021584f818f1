// weft's JavaScript hosts in a worker of a page, in any browser: guests of preview 1 under @bjorn3/browser_wasi_shim, components under preview2-shim. The guests
// are the same files. The worker asks the server what to do next and sends what came of it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { serve } from "../../support/serve.mjs";
import { filesOf } from "../../support/site.mjs";
import { SHIM, transpile, unavailable as noComponents } from "../component.mjs";
import { PACKAGE } from "./package.mjs";

const shim1 = fileURLToPath(new URL("../../../node_modules/@bjorn3/browser_wasi_shim/dist/", import.meta.url));
const LIMIT_MS = 120_000;

/** Why there is no such host; `browser` is the browser's program. */
export function missing(browser, abi) {
  if (!existsSync(path.join(PACKAGE, "cli/wasi_nn.mjs"))) return "there is no package: make package";
  if (!existsSync(browser)) return `there is no ${browser}: tools/setup browser`;
  if (!existsSync(shim1)) return "there is no @bjorn3/browser_wasi_shim: tools/setup node";
  return abi === "wit" ? noComponents() : undefined;
}

const COMMON = `
const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
let host, models, log = [];
const hostOf = ({ named }) => wasiNN({ models: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, new URL("models/" + file, location.href)])), log: (line) => log.push(line) });
async function answer(request) {
  try {
    log = [];
    return { value: await (request.op === "begin" ? begin(request) : run(request)) };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}
for (;;) {
  const request = await (await fetch("next", { method: "POST" })).json();
  await fetch("answer", { method: "POST", body: JSON.stringify(await answer(request)) });
}
`;
const WORKERS = {
  witx: `
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "./shim1/index.js";
import { wasiNN } from "./weft/cli/wasi_nn.mjs";
async function begin(request) {
  models = new Map(await Promise.all(request.files.map(async (name) => [name, new File(await bytes("models/" + name))])));
  host = await hostOf(request);
}
async function run({ guest, args }) {
  let output = "";
  const stdout = new ConsoleStdout((chunk) => (output += new TextDecoder().decode(chunk)));
  const wasi = new WASI([guest, ...args], [], [new OpenFile(new File([])), stdout, stdout, new PreopenDirectory("/models", models)]);
  const nn = host.guest();
  const { instance } = await WebAssembly.instantiate(await bytes("guests/" + guest + ".wasm"), { wasi_snapshot_preview1: wasi.wasiImport, ...nn.imports });
  nn.bind(instance);
  return { code: wasi.start(instance), output, log: log.join("\\n") };
}
${COMMON}`,
  wit: `
import * as shim from "./shim2/index.js";
import { runComponent } from "./run_component.mjs";
import { wasiNN } from "./weft/cli/wasi_nn_wit.mjs";
async function begin(request) {
  models = Object.fromEntries(await Promise.all(request.files.map(async (name) => [name, await bytes("models/" + name)])));
  host = await hostOf(request);
}
async function run({ guest, args, modules }) {
  const { instantiate } = await import("./guests/" + guest + "/component.js");
  const loaded = Object.fromEntries(await Promise.all(modules.map(async (name) => [name, await WebAssembly.compile(await bytes("guests/" + guest + "/" + name))])));
  const { code, output } = runComponent({ instantiate, load: (name) => loaded[name], shim }, { args: [guest, ...args], files: { "/models": models }, imports: host.guest().imports });
  return { code, output, log: log.join("\\n") };
}
${COMMON}`,
};
const PAGE = '<!doctype html><meta charset="utf-8"><title>wasi-nn</title><script type="module">new Worker("worker.js", { type: "module" });</script>';

const under = (prefix, files) => Object.fromEntries(Object.entries(files).map(([name, file]) => [prefix + name, file]));

/** The session of a host; `launch` starts the browser on an address and returns { exited: a promise of why it ended, close }. */
export async function openBrowser(launch, abi, { models, named }) {
  const waiting = [], asking = [];
  const files = {
    "index.html": PAGE, "worker.js": WORKERS[abi], ...under("shim1/", filesOf(shim1)), ...under("weft/", filesOf(PACKAGE)), ...under("models/", filesOf(models)),
    ...(abi === "wit" ? { ...under("shim2/", filesOf(SHIM)), "run_component.mjs": readFileSync(new URL("../run_component.mjs", import.meta.url)) } : {}),
    next: () => new Promise((resolve) => (asking.length > 0 ? resolve(asking.shift()) : waiting.push(resolve))),
    answer: (body) => (settle(JSON.parse(body)), "ok"),
  };
  const server = await serve(files, { "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'", "cache-control": "no-store" });
  const browser = await launch(`${server.url}index.html`);
  let settle;
  const ask = async (request) => {
    let timer;
    const answered = new Promise((resolve) => (settle = resolve));
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("the browser does not answer")), LIMIT_MS)));
    const text = JSON.stringify(request);
    if (waiting.length > 0) waiting.shift()(text);
    else asking.push(text);
    try {
      const { value, error } = await Promise.race([answered, late, browser.exited.then((why) => ({ error: why }))]);
      if (error !== undefined) throw new Error(error);
      return value;
    } finally {
      clearTimeout(timer);
    }
  };
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-wasi-nn-"));
  const close = async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  };
  /** Serves the guest. Returns what the worker needs to know. */
  const prepare = async (file) => {
    const guest = path.parse(file).name;
    if (abi !== "wit") return (files[`guests/${guest}.wasm`] ??= readFileSync(file)), { guest };
    const translated = path.join(folder, guest);
    if (!existsSync(translated)) {
      await transpile(readFileSync(file), translated);
      Object.assign(files, under(`guests/${guest}/`, filesOf(translated)));
    }
    return { guest, modules: readdirSync(translated).filter((name) => name.endsWith(".wasm")) };
  };
  try {
    await ask({ op: "begin", files: readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name), named: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, path.basename(file)])) });
  } catch (error) {
    await close();
    throw error;
  }
  return { run: async ({ guest, args }) => ask({ op: "run", args, ...(await prepare(guest)) }), close };
}

/** What a browser calls itself, without the distribution. */
export const versionOf = (program) => /[\w ]+? [\d.]+(?:esr)?/.exec(execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))[0];

/** Headless Chromium on an address. */
export async function onChromium(url) {
  const { launchChromium } = await import("../../support/chromium.mjs");
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(url);
  return { exited: new Promise((resolve) => browser.on("disconnected", () => resolve("Chromium ended"))), close: () => browser.close() };
}

export async function onFirefox(url) {
  const { launchFirefox } = await import("../../../bench/firefox.mjs");
  return launchFirefox(url);
}
