// weft's JavaScript host in a worker of a page in headless Chromium, under @bjorn3/browser_wasi_shim.
import process from "node:process";

import { missing, onChromium, openBrowser, versionOf } from "./browser.mjs";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const abi = "witx";
export const unavailable = () => missing(program, abi);
export const about = () => `${versionOf(program)}, @bjorn3/browser_wasi_shim`;
export const open = (options) => openBrowser(onChromium, abi, options);
