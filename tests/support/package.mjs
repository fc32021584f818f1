// The npm package (tools/build-package), installed into an empty folder as a user would.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

import { ROOT } from "./runtime.mjs";

const npm = (args, cwd) => execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "pipe"], shell: process.platform === "win32" });

/** {folder, weft: the program, package: the package's folder, remove}. */
export function installPackage() {
  const packed = path.join(ROOT, "build/npm");
  const file = existsSync(packed) ? readdirSync(packed).find((name) => name.endsWith(".tgz")) : undefined;
  if (file === undefined) throw new Error("there is no package: run make package");
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-package-"));
  writeFileSync(path.join(folder, "package.json"), '{"name":"empty","private":true}\n');
  npm(["install", "--offline", "--no-audit", "--no-fund", path.join(packed, file)], folder);
  const home = path.join(folder, "node_modules");
  return { folder, weft: path.join(home, ".bin/weft"), package: path.join(home, "weft"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
