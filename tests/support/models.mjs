// Which of tests/models/models.json a test runs, and how results are compared: every output and five intermediate tensors, each
// within 1e-4 of the largest reference value. tools/models makes build/models/NAME/oracle.
//   WEFT_MODELS=squeezenet,ppocr-rec   chooses models
//   WEFT_FULL=1                        the large models as the others: in every engine and variant
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "./runtime.mjs";

export const TOLERANCE = 1e-4;
export const VARIANTS = ["scalar", "simd128", "relaxed"];
export const FULL = process.env.WEFT_FULL === "1";

const known = JSON.parse(readFileSync(path.join(ROOT, "tests/models/models.json"), "utf8"));
export const isLarge = (name) => known[name].large === true;
export const chosenModels = () => process.env.WEFT_MODELS?.split(",") ?? Object.keys(known).filter((name) => known[name].default || known[name].large);

export const folderOf = (name) => path.join(ROOT, "build/models", name);
const list = (name, file) => JSON.parse(readFileSync(path.join(folderOf(name), file), "utf8"));
export const inputsOf = (name) => list(name, "inputs.json");
/** [{name, kind: "output" | "tap", dtype, shape, file}], the file relative to `oracle` in the model's folder. */
export const oracleOf = (name) => list(name, "oracle/index.json");

/** The model with its intermediate tensors as further outputs; gives the manifest. */
export function compileTaps(name, bundle, variants) {
  const shapes = Object.fromEntries(inputsOf(name).map(({ name, shape }) => [name, shape]));
  return compile(path.join(folderOf(name), "oracle/taps.onnx"), bundle, { shapes, variants });
}

/** max|got - expected| / max|expected|; NaN counts as infinite. Needs nothing from outside: it also runs in a page. */
export function relativeError(got, expected) {
  if (got?.length !== expected.length) return Infinity;
  let error = 0, largest = 0;
  for (let i = 0; i < got.length; ++i) {
    const difference = Math.abs(Number(got[i]) - Number(expected[i]));
    error = Math.max(error, Number.isNaN(difference) && !Object.is(got[i], expected[i]) ? Infinity : difference || 0);
    largest = Math.max(largest, Math.abs(Number(expected[i])));
  }
  return error === 0 ? 0 : error / largest;
}
