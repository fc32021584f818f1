// Compiles all-MiniLM-L6-v2, which tools/models exports from PyTorch with its vocabulary beside.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";
import { DIMS } from "./search.mjs";

const FOLDER = path.join(ROOT, "build/models/minilm");
export const VOCABULARY = path.join(FOLDER, "vocab.txt");

/** Into the folder, unless it is up to date; weights as 8-bit integers, a quarter of the download. */
export function compileModel(folder) {
  execFileSync(path.join(ROOT, "tools/models"), ["minilm"], { stdio: ["ignore", 2, 2] });
  const dims = Object.entries(DIMS).flatMap(([name, range]) => ["--dim", `${name}=${range}`]);
  return compile(path.join(FOLDER, "model.onnx"), folder, { more: [...dims, "--weights", "q8"] });
}
export const readVocabulary = () => readFileSync(VOCABULARY, "utf8");
