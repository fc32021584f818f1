// Components that have a model in them (weft compile --emit component), composed with the guest and run in Node by jco: a host that knows nothing of wasi-nn.
// Each case has the component of its one model.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import * as component from "../component.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const WEFT = path.join(root, "build/release/weft");
const host = path.join(root, "build/wasm/weft-component.wasm");
/** Ranges of the models that have open extents. */
export const RANGES = { batch: ["--dim", "n=1..64"], agree: ["--dim", "n=1..64"] };

export const abi = "wit";
export const lacks = { load: "a component has one model, and load knows that only", names: "a component has one model", autodetect: "a component has one model" };
export function unavailable() {
  if (!existsSync(WEFT)) return "there is no build/release/weft: make build";
  return existsSync(host) ? component.unavailable() : "there is no build/wasm/weft-component.wasm: make component-host";
}

/** The bytes of a component of a model; its folder is made in `folder`. */
export function componentOf(model, folder, options = []) {
  const out = path.join(folder, path.parse(model).name);
  if (!existsSync(out)) execFileSync(WEFT, ["compile", model, "--emit", "component", "-o", out, ...options], { stdio: ["ignore", "ignore", "inherit"] });
  return readFileSync(path.join(out, "model.component.wasm"));
}

export const about = () => `Node ${process.versions.node}, jco-transpile`;

export async function open({ models }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  for (const name of ["composed", "models"]) mkdirSync(path.join(folder, name));
  const bytes = (name) => new Uint8Array(readFileSync(path.join(models, name)));
  return {
    async run({ guest, args, model }) {
      const name = path.parse(guest).name, translated = path.join(folder, "composed", `${name}-${model}`);
      if (!existsSync(translated)) {
        const provider = componentOf(path.join(models, `${model}.onnx`), path.join(folder, "models"), RANGES[model]);
        await component.transpile(component.compose(readFileSync(guest), provider), translated);
      }
      // Both ways to the model: by its name, and by the very file.
      let result;
      for (const env of [{ NN_BY_NAME: "1" }, {}]) {
        result = await component.runCommand(translated, { args: [name, ...args], env, files: { "/models": { [`${model}.onnx`]: bytes(`${model}.onnx`) } } });
        if (result.code !== 0) break;
      }
      return { ...result, log: "" };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
