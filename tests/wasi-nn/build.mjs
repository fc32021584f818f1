// Builds guests and models into build/wasi-nn: guests/NAME.wasm from C (Debian's clang-19, lld-19 and wasi-libc) and WAT (npm's wabt), models/NAME.onnx;
// and components of guests/wit into build/wasi-nn-wit/NAME.wasm.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "./component.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const root = path.join(here, "../..");
export const OUT = path.join(root, "build/wasi-nn"), OUT_WIT = path.join(root, "build/wasi-nn-wit");
const GUEST = path.join(root, "runtimes/guest"); // what guests are made with
const LIBRARIES = "/usr/lib/wasm32-wasi", LLVM = "/usr/lib/llvm-19/lib";

/** One C program; the linker is called directly, since clang would run any wasm-opt that it finds. */
export function compileC(source, target, flags = [], linked = []) {
  const sources = [source, ...["cabi_realloc.c", "start.c"].map((name) => path.join(GUEST, name))];
  const objects = sources.map((source, i) => {
    const object = `${target}.${i}.o`;
    execFileSync("clang-19", ["--target=wasm32-wasi", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-stack-protector", ...flags, "-c", source, "-o", object]);
    return object;
  });
  execFileSync("wasm-ld-19", ["-m", "wasm32", "-z", "stack-size=1048576", "--stack-first", "--gc-sections", "--strip-all", `-L${LIBRARIES}`, ...objects, ...linked, "-lc",
    `${LLVM}/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a`, "-o", target]);
  objects.forEach((object) => rmSync(object));
}

/** Runs `make` on an emptied folder where the sources (of this folder) have changed. */
async function upToDate(out, sources, make) {
  const recipe = createHash("sha256");
  for (const name of sources) recipe.update(name).update(readFileSync(path.join(here, name)));
  const wanted = recipe.digest("hex"), stamp = path.join(out, ".recipe");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    await make();
    writeFileSync(stamp, wanted);
  }
  return out;
}

const filesOf = (folder) => readdirSync(path.join(here, folder), { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => `${folder}/${name}`).sort();

const guestFiles = (...names) => [...names, "cabi_realloc.c", "start.c"].map((name) => path.relative(here, path.join(GUEST, name)));

/** Guests of preview 1, and the models. */
export function build() {
  const guests = filesOf("guests");
  return upToDate(OUT, [...guestFiles("wasi_nn.h"), "models.py", "build.mjs", ...guests], async () => {
    mkdirSync(path.join(OUT, "guests"));
    execFileSync(path.join(root, ".venv/bin/python"), ["-B", path.join(here, "models.py"), path.join(OUT, "models")]);
    const wabt = await (await import("wabt")).default();
    for (const name of guests) {
      const source = path.join(here, name), target = path.join(OUT, "guests", `${path.parse(name).name}.wasm`);
      if (name.endsWith(".c")) compileC(source, target);
      if (name.endsWith(".wat")) writeFileSync(target, wabt.parseWat(name, readFileSync(source, "utf8")).toBinary({}).buffer);
    }
  });
}

export const OUT_ADAPTED = path.join(root, "build/wasi-nn-adapted"), ADAPTER = path.join(root, "build/adapter/wasi_ephemeral_nn.wasm");

/** The guests of preview 1 as components that import wasi:nn. */
export async function buildAdapted() {
  execFileSync(path.join(root, "tools/build-adapter"));
  const guests = path.join(await build(), "guests");
  return upToDate(OUT_ADAPTED, [...guestFiles("wasi_nn.h"), "build.mjs", "component.mjs", ...filesOf("guests"), path.relative(here, ADAPTER)], () => {
    const more = { wasi_ephemeral_nn: readFileSync(ADAPTER) };
    for (const name of readdirSync(guests)) writeFileSync(path.join(OUT_ADAPTED, name), componentize(readFileSync(path.join(guests, name)), { world: undefined, more }));
  });
}

/** Guests for components. */
export function buildComponents() {
  const guests = filesOf("guests/wit");
  return upToDate(OUT_WIT, [...guestFiles("wasi_nn_wit.h", "wit/nn.wit"), "build.mjs", "component.mjs", ...guests], () => {
    for (const name of guests.filter((name) => name.endsWith(".c"))) {
      const target = path.join(OUT_WIT, `${path.parse(name).name}.wasm`);
      compileC(path.join(here, name), target);
      writeFileSync(target, componentize(readFileSync(target)));
    }
  });
}
