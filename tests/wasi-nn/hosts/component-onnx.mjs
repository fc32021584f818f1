// The component that takes any ONNX bytes (tools/build-interpreter), composed with the guest and run in Node by jco: a host that knows nothing of wasi-nn.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import * as component from "../component.mjs";

export const provider = fileURLToPath(new URL("../../../build/wasm/weft-onnx.component.wasm", import.meta.url));

export const abi = "wit";
export const about = () => `Node ${process.versions.node}, jco-transpile`;
const nobody = "nobody can register a name with a component";
export const lacks = { names: nobody, "a-name": nobody };
export const unavailable = () => (existsSync(provider) ? component.unavailable() : "there is no build/wasm/weft-onnx.component.wasm: make interpreter");

export async function open({ models }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  const files = { "/models": Object.fromEntries(readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => [name, new Uint8Array(readFileSync(path.join(models, name)))])) };
  return {
    async run({ guest, args }) {
      const name = path.parse(guest).name, translated = path.join(folder, name);
      if (!existsSync(translated)) await component.transpile(component.compose(readFileSync(guest), readFileSync(provider)), translated);
      return { ...(await component.runCommand(translated, { args: [name, ...args], files })), log: "" };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
