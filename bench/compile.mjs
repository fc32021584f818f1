// Runs `weft compile`, unless the bundle in the folder is up to date.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { ROOT } from "./sizes.mjs";

/** $WEFT, or `weft` of $WEFT_BUILD (build/release). */
export function compiler() {
  const file = path.resolve(ROOT, process.env.WEFT ?? path.join(process.env.WEFT_BUILD ?? "build/release", "weft"));
  if (!existsSync(file)) throw new Error(`there is no compiler at ${file}: run make build, or set WEFT`);
  return file;
}

/** Whether it can be told to save memory. */
export const canOptimizeMemory = () => /--optimize\b.*memory/.test(execFileSync(compiler(), ["compile", "--help"], { encoding: "utf8" }));

/** The compiler refused the model; the message is its own. */
export class CompileError extends Error {}

const hash = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Compiles into the folder and returns the manifest. `shapes`: input name -> dimensions; `more`: flags as they are. */
export function compile(model, folder, { shapes = {}, variants, optimize, target, more = [] } = {}) {
  const weft = compiler();
  const flags = Object.entries(shapes).flatMap(([name, shape]) => ["--shape", `${name}=${shape.join("x")}`]);
  if (variants) flags.push("--variants", variants.join(","));
  if (target) flags.push("--target", target);
  if (optimize) flags.push("--optimize", optimize);
  flags.push(...more);
  const recipe = JSON.stringify([hash(weft), hash(model), flags]);
  const stamp = path.join(folder, "../." + path.basename(folder) + ".recipe");
  const manifest = path.join(folder, "model.json");
  if (!existsSync(manifest) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== recipe) {
    if (existsSync(manifest)) rmSync(folder, { recursive: true }); // with what benchmarks and tests have put beside the bundle, which weft leaves alone
    try {
      execFileSync(weft, ["compile", model, "-o", folder, ...flags], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      if (error.status === null || error.status === undefined) throw error;
      throw new CompileError(`weft compile ${path.basename(model)} failed (exit code ${error.status}):\n${(error.stderr + error.stdout).trim()}`);
    }
    writeFileSync(stamp, recipe);
  }
  return JSON.parse(readFileSync(manifest, "utf8"));
}
