// The built runtime, build/runtime/weft.js.
import { execFileSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const RUNTIME = path.join(ROOT, "build/runtime");

/** Builds it where it is not up to date. */
export function buildRuntime() {
  execFileSync(process.execPath, [path.join(ROOT, "tools/build-runtime")], { stdio: ["ignore", "ignore", "inherit"] });
}
