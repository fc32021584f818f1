// The component that takes any ONNX bytes (tools/build-interpreter), composed with the guest and run on Wasmtime by `weft wasi`, which gives components WASI 0.2 and
// nothing else.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import * as component from "../component.mjs";
import * as inNode from "./component-onnx.mjs";
import { about, unavailable as noWasmtime } from "./native.mjs";

const weft = fileURLToPath(new URL("../../../build/release/weft", import.meta.url));

export const { abi, lacks } = inNode;
export { about };
export const unavailable = () => inNode.unavailable() ?? noWasmtime();

export async function open({ models }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  return {
    async run({ guest, args }) {
      const composed = path.join(folder, path.basename(guest));
      if (!existsSync(composed)) writeFileSync(composed, component.compose(readFileSync(guest), readFileSync(inNode.provider)));
      const { status, stdout, stderr } = spawnSync(weft, ["wasi", "--dir", `${models}::/models`, composed, "--", ...args], { encoding: "utf8", timeout: 120_000 });
      return { code: status ?? -1, output: stdout, log: stderr };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
