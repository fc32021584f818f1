// Headless Chromium: Debian's ($CHROMIUM, default /usr/bin/chromium) under playwright-core.
import { existsSync } from "node:fs";
import process from "node:process";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** WebGPU on SwiftShader, which comes with Chromium, whatever the machine has. */
const WEBGPU_FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-gpu-watchdog"];

export async function launchChromium({ webgpu = false } = {}) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`there is no Chromium at ${executablePath}: run tools/setup browser, or set CHROMIUM`);
  return chromium.launch({ executablePath, headless: true, args: webgpu ? [...FLAGS.filter((flag) => flag !== "--disable-gpu"), ...WEBGPU_FLAGS] : FLAGS });
}
