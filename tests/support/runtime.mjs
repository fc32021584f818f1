// The built runtime (build/runtime/weft.js), made again when its sources are newer.
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const RUNTIME = path.join(ROOT, "build/runtime");

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export function buildRuntime() {
  const sources = path.join(ROOT, "runtimes/web/src");
  const inputs = [...readdirSync(sources).map((name) => path.join(sources, name)), path.join(ROOT, "tools/build-runtime")];
  const outputs = ["weft.js", "weft.inline.js", "weft.d.ts"].map((name) => path.join(RUNTIME, name));
  if (Math.max(...inputs.map(modified)) > Math.min(...outputs.map(modified)))
    execFileSync(process.execPath, [path.join(ROOT, "tools/build-runtime")], { stdio: ["ignore", "ignore", "inherit"] });
  return RUNTIME;
}
