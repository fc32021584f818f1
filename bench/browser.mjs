// Runs a module in a page of headless Chromium or Firefox: a new process each time, so that nothing is warm, no code is cached, and
// memory is returned. The page posts what came out.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

import { serve } from "../tests/support/serve.mjs";
import { FIREFOX, firefoxInstalled, launchFirefox } from "./firefox.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
// Isolation gives the page a fine clock: 5 us in Chromium, 20 us in Firefox.
const HEADERS = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp", "cache-control": "no-store" };

const PAGE = `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module">
const post = (outcome) => fetch("outcome", { method: "POST", body: JSON.stringify(outcome) });
const describe = (error) => (error instanceof Error ? error.name + ": " + error.message : String(error));
addEventListener("error", (event) => post({ error: event.error ? describe(event.error) : event.message }));
addEventListener("unhandledrejection", (event) => post({ error: describe(event.reason) }));
const { default: main } = await import("./main.mjs");
const result = await main(await (await fetch("task.json")).json());
await post({ result });
</script>`;

async function openChromium(url) {
  // Playwright takes long to load, and is for this only.
  const { launchChromium } = await import("../tests/support/chromium.mjs");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const exited = new Promise((resolve) => {
      page.on("crash", () => resolve("the page crashed"));
      browser.on("disconnected", () => resolve("Chromium ended"));
    });
    await page.goto(url);
    return { exited, close: () => browser.close() };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

const firstLine = (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0].trim();

export const BROWSERS = {
  chromium: {
    missing: () => (existsSync(CHROMIUM) ? null : `there is no Chromium at ${CHROMIUM}: run tools/setup browser, or set CHROMIUM`),
    version: () => /Chromium [\d.]+/.exec(firstLine(CHROMIUM, "--version"))?.[0] ?? "Chromium",
    open: openChromium,
  },
  firefox: {
    missing: () => (firefoxInstalled() ? null : `there is no Firefox at ${FIREFOX}: run tools/setup browser, or set FIREFOX`),
    version: () => firstLine(FIREFOX, "--version").replace("Mozilla ", ""),
    open: launchFirefox,
  },
};

/**
 * files: as `serve` takes them; main.mjs exports as default a function of the task that returns what travels as JSON. Fails with the
 * page's error, when the browser ends, and after `timeout` ms.
 */
export async function runPage(name, files, task, { timeout = 600_000 } = {}) {
  let done;
  const posted = new Promise((resolve) => (done = resolve));
  const outcome = (body) => {
    done(JSON.parse(body.toString("utf8")));
    return "";
  };
  const server = await serve({ "index.html": PAGE, "task.json": JSON.stringify(task), outcome, ...files }, HEADERS);
  let browser, timer;
  try {
    browser = await BROWSERS[name].open(server.url + "index.html");
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve({ error: `nothing came back within ${timeout / 1000} s` }), timeout)));
    const { result, error } = await Promise.race([posted, late, browser.exited.then((error) => ({ error }))]);
    if (error !== undefined) throw new Error(`${name}: ${error}`);
    return result;
  } finally {
    clearTimeout(timer);
    await browser?.close();
    server.close();
  }
}
