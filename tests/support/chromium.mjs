// Headless Chromium: Debian's ($CHROMIUM, default /usr/bin/chromium) under playwright-core.
import { existsSync } from "node:fs";
import process from "node:process";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export async function launchChromium() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`there is no Chromium at ${executablePath}: run tools/setup browser, or set CHROMIUM`);
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
