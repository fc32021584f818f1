// The models of the WebGPU tests: compiled with their taps for the second printer, and what their results must be.
import { readFileSync } from "node:fs";
import path from "node:path";

import { compile } from "../../bench/compile.mjs";
import { folderOf, inputsOf, oracleOf, relativeError, TOLERANCE } from "./models.mjs";

export const WEBGPU_MODELS = ["ppocr-cls", "squeezenet"];

/** The files of the bundle in `folder`/`name`, as bytes and texts. */
export function compileForWebgpu(name, folder) {
  const shapes = Object.fromEntries(inputsOf(name).map(({ name, shape }) => [name, shape]));
  const bundle = path.join(folderOf(name), folder);
  compile(path.join(folderOf(name), "oracle/taps.onnx"), bundle, { shapes, target: "webgpu" });
  const read = (file) => readFileSync(path.join(bundle, file));
  return { wgsl: read("model.wgsl").toString(), program: JSON.parse(read("model.webgpu.json")), weights: read("model.weights") };
}

export const inputBytes = (name) => Object.fromEntries(inputsOf(name).map((input) => [input.name, readFileSync(path.join(folderOf(name), input.file))]));

/** What is wrong with the outputs (bytes by name), as lines; and the largest error. Outputs and taps are all f32. */
export function judge(name, outputs) {
  const wrong = [];
  let worst = 0;
  for (const { name: tensor, kind, shape, file } of oracleOf(name)) {
    const floats = (bytes) => new Float32Array(new Uint8Array(bytes).buffer);
    const error = relativeError(outputs[tensor] && floats(outputs[tensor]), floats(readFileSync(path.join(folderOf(name), "oracle", file))));
    worst = Math.max(worst, error);
    if (!(error <= TOLERANCE)) wrong.push(`${kind} ${tensor} [${shape}]: error ${error.toExponential(1)} of the largest value`);
  }
  return { wrong, worst };
}
