// The same components as in component.mjs, run by `weft wasi` on Wasmtime, which gives them WASI preview 2 and nothing of wasi-nn.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import * as component from "../component.mjs";
import { componentOf, RANGES, unavailable as noComponents, WEFT } from "./component.mjs";
import { about, unavailable as noWasmtime } from "./native.mjs";

export { abi, lacks } from "./component.mjs";
export { about };
export const unavailable = () => noComponents() ?? noWasmtime();

export async function open({ models }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  const programs = new Map();
  return {
    async run({ guest, args, model }) {
      const name = `${path.parse(guest).name}-${model}`;
      if (!programs.has(name)) {
        const file = path.join(folder, `${name}.wasm`);
        writeFileSync(file, component.compose(readFileSync(guest), componentOf(path.join(models, `${model}.onnx`), folder, RANGES[model])));
        programs.set(name, file);
      }
      const { status, stdout, stderr } = spawnSync(WEFT, ["wasi", "--dir", `${models}::/models`, "--env", "NN_BY_NAME=1", programs.get(name), "--", ...args], { encoding: "utf8" });
      return { code: status, output: stdout, log: stderr };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
