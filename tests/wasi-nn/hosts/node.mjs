// weft's JavaScript host under node:wasi, from the unpacked npm package (build/npm/package).
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { WASI } from "node:wasi";

import { PACKAGE } from "./package.mjs";

export const unavailable = () => (existsSync(path.join(PACKAGE, "cli/wasi_nn.mjs")) ? undefined : "there is no package: make package");

export const about = () => `Node ${process.versions.node}, node:wasi`;

export async function open({ models, named }) {
  const { wasiNN } = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn.mjs")));
  const log = [];
  const host = await wasiNN({ models: Object.fromEntries(Object.entries(named).map(([name, file]) => [name, pathToFileURL(file)])), log: (line) => log.push(line) });
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-wasi-nn-"));
  return {
    async run({ guest, args }) {
      const module = new WebAssembly.Module(readFileSync(guest));
      const file = path.join(folder, "out"), out = openSync(file, "w");
      log.length = 0;
      try {
        const wasi = new WASI({ version: "preview1", args: [path.basename(guest), ...args], preopens: { "/models": models }, stdout: out, returnOnExit: true });
        const nn = host.guest();
        const instance = new WebAssembly.Instance(module, { ...wasi.getImportObject(), ...nn.imports });
        nn.bind(instance);
        const code = wasi.start(instance);
        return { code, output: readFileSync(file, "utf8"), log: log.join("\n") };
      } finally {
        closeSync(out);
      }
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
