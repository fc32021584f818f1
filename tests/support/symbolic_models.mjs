// The models of tests/models/symbolic.json, whose extents are open: compiled with the ranges that it gives, and the cases that tools/models makes.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { compile } from "../../bench/compile.mjs";
import { folderOf } from "./models.mjs";
import { ROOT } from "./runtime.mjs";

export const known = JSON.parse(readFileSync(path.join(ROOT, "tests/models/symbolic.json"), "utf8"));

const ARRAYS = { f32: Float32Array, i64: BigInt64Array };
const ORT_TYPES = { f32: "float32", i64: "int64" };

/** Makes it where it is not up to date; gives the .onnx file. */
export function modelOf(name) {
  execFileSync(path.join(ROOT, "tools/models"), [name], { stdio: ["ignore", 2, 2] });
  return path.join(folderOf(name), "model.onnx");
}

/** The ranges and constants as options; `dims` in the place of those of the table. */
export const optionsOf = (name, dims = known[name].dims ?? {}) => [
  ...Object.entries(dims).flatMap(([dim, range]) => ["--dim", `${dim}=${range}`]),
  ...Object.entries(known[name].constants ?? {}).flatMap(([input, value]) => ["--constant", `${input}=${value}`]),
  // Extents that the model leaves open without a name for them.
  ...Object.entries(known[name].inputs).filter(([, { shape }]) => known[name].dims === undefined && shape.every(Number.isInteger)).flatMap(([input, { shape }]) => ["--shape", `${input}=${shape.join("x")}`]),
];

/** Compiles it for all extents of the table, or for `dims`. */
export const compileSymbolic = (name, bundle, { dims, variants, more = [] } = {}) => compile(modelOf(name), bundle, { variants, more: [...optionsOf(name, dims), ...more] });

/** [{dims, feeds: {input: {data, shape}}, constants: {input: {data, shape}}}]; ONNX Runtime takes both. */
export const casesOf = (name) =>
  JSON.parse(readFileSync(path.join(folderOf(name), "cases.json"), "utf8")).map(({ dims, inputs }) => {
    const read = ({ name: input, dtype, shape, file }) => [input, { data: new ARRAYS[dtype](Uint8Array.from(readFileSync(path.join(folderOf(name), file))).buffer), shape, dtype }];
    const constant = ({ name: input }) => Object.hasOwn(known[name].constants ?? {}, input);
    return { dims, feeds: Object.fromEntries(inputs.filter((input) => !constant(input)).map(read)), constants: Object.fromEntries(inputs.filter(constant).map(read)) };
  });

/** The same as ONNX Runtime's tensors. */
export const ortFeeds = (ort, tensors) => Object.fromEntries(Object.entries(tensors).map(([name, { data, shape, dtype }]) => [name, new ort.Tensor(ORT_TYPES[dtype ?? "f32"], data, shape)]));
