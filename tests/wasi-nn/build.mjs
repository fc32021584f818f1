// Builds guests and models into build/wasi-nn: guests/NAME.wasm from C (Debian's clang-19, lld-19 and wasi-libc) and WAT (npm's wabt), models/NAME.onnx.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("./", import.meta.url));
const root = path.join(here, "../..");
export const OUT = path.join(root, "build/wasi-nn");
const LIBRARIES = "/usr/lib/wasm32-wasi", LLVM = "/usr/lib/llvm-19/lib";

/** One C program; the linker is called directly, since clang would run any wasm-opt that it finds. */
export function compileC(source, target, flags = []) {
  const object = `${target}.o`;
  execFileSync("clang-19", ["--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-stack-protector", ...flags, "-c", source, "-o", object]);
  execFileSync("wasm-ld-19", ["-m", "wasm32", "-z", "stack-size=1048576", "--stack-first", "--gc-sections", "--strip-all", `-L${LIBRARIES}`, `${LIBRARIES}/crt1-command.o`, object, "-lc",
    `${LLVM}/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a`, "-o", target]);
  rmSync(object);
}

export async function build() {
  const sources = ["wasi_nn.h", "models.py", "build.mjs", ...readdirSync(path.join(here, "guests")).sort().map((name) => `guests/${name}`)];
  const recipe = createHash("sha256");
  for (const name of sources) recipe.update(name).update(readFileSync(path.join(here, name)));
  const wanted = recipe.digest("hex"), stamp = path.join(OUT, ".recipe");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return OUT;
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(path.join(OUT, "guests"), { recursive: true });
  execFileSync(path.join(root, ".venv/bin/python"), ["-B", path.join(here, "models.py"), path.join(OUT, "models")]);
  const wabt = await (await import("wabt")).default();
  for (const name of readdirSync(path.join(here, "guests"))) {
    const source = path.join(here, "guests", name), target = path.join(OUT, "guests", `${path.parse(name).name}.wasm`);
    if (name.endsWith(".c")) compileC(source, target);
    if (name.endsWith(".wat")) writeFileSync(target, wabt.parseWat(name, readFileSync(source, "utf8")).toBinary({}).buffer);
  }
  writeFileSync(stamp, wanted);
  return OUT;
}
