// weft's JavaScript host for components in a worker of a page in headless Chromium.
import process from "node:process";

import { missing, onChromium, openBrowser, versionOf } from "./browser.mjs";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const abi = "wit";
export const unavailable = () => missing(program, abi);
export const about = () => `${versionOf(program)}, jco-transpile`;
export const open = (options) => openBrowser(onChromium, abi, options);
