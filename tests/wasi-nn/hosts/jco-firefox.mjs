// The same in headless Firefox.
import process from "node:process";

import { missing, onFirefox, openBrowser, versionOf } from "./browser.mjs";

const program = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
export const abi = "wit";
export const unavailable = () => missing(program, abi);
export const about = () => `${versionOf(program)}, jco-transpile`;
export const open = (options) => openBrowser(onFirefox, abi, options);
