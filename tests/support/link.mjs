// C and C++ programs for WASI that relocatable objects are linked into.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

import { compileC } from "../wasi-nn/build.mjs";

/** Compiles and links; `objects` are files. Returns the program's bytes. */
export function linkProgram(source, { objects = [], include = [], language = "c" }) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-link-"));
  try {
    const file = path.join(folder, `app.${language}`), target = path.join(folder, "app.wasm");
    writeFileSync(file, source);
    compileC(file, target, ["-msimd128", ...(language === "cpp" ? ["-fno-exceptions"] : []), ...include.map((each) => `-I${each}`)], objects);
    return readFileSync(target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a program with Node's WASI in a process of its own, where `folder` is "."; the standard output. */
export function runProgram(bytes, { folder, args = [] } = {}) {
  const temporary = mkdtempSync(path.join(tmpdir(), "weft-link-"));
  try {
    const file = path.join(temporary, "app.wasm");
    writeFileSync(file, bytes);
    const options = { version: "preview1", returnOnExit: true, args: ["app", ...args], preopens: folder ? { ".": folder } : {} };
    const script = `const wasi = new (require("node:wasi").WASI)(${JSON.stringify(options)});
      const module = new WebAssembly.Module(require("node:fs").readFileSync(${JSON.stringify(file)}));
      process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));`;
    const done = spawnSync(process.execPath, ["--no-warnings", "-e", script], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`exit code ${done.status}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
