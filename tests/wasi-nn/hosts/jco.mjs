// weft's JavaScript host for components in Node: guests that jco has translated, "weft/wasi-nn/wit" of the unpacked npm package (build/npm/package).
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import * as component from "../component.mjs";
import { PACKAGE } from "./package.mjs";

export const abi = "wit";
const api = path.join(PACKAGE, "cli/wasi_nn_wit.mjs");
export const unavailable = () => (existsSync(api) ? component.unavailable() : "there is no package: make package");

export const about = () => `Node ${process.versions.node}, jco-transpile`;

export async function open({ models, named }) {
  const { wasiNN } = await import(pathToFileURL(api));
  const log = [];
  const host = await wasiNN({ models: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, pathToFileURL(file)])), log: (line) => log.push(line) });
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-wasi-nn-"));
  const files = { "/models": Object.fromEntries(readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => [name, new Uint8Array(readFileSync(path.join(models, name)))])) };
  return {
    async run({ guest, args }) {
      const name = path.parse(guest).name, translated = path.join(folder, name);
      if (!existsSync(translated)) await component.transpile(readFileSync(guest), translated);
      log.length = 0;
      const { code, output } = await component.runCommand(translated, { args: [name, ...args], files, imports: host.guest().imports });
      return { code, output, log: log.join("\n") };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
