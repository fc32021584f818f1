// The interpreter (runtimes/interpreter, tools/build-interpreter) beside the compiled model: the simd128 bundle, in the same engine, in turns.
//   node bench/interpreter.mjs [--seconds 4] [--most 3] [MODEL...]      models of tools/models; the CNNs of models.json otherwise
// Prints a line a model; --most: fails where the slowdown is greater.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

import { measurePairs } from "../cli/run/pairs.mjs";
import { Interpreter } from "../tests/support/interpreter.mjs";
import { relativeError } from "../tests/support/models.mjs";
import { compile } from "./compile.mjs";
import { ROOT } from "./sizes.mjs";

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { seconds: { type: "string", default: "4" }, most: { type: "string" }, models: { type: "string", default: path.join(ROOT, "build/models") } } });
const known = JSON.parse(readFileSync(path.join(ROOT, "tests/models/models.json"), "utf8"));
const names = positionals.length ? positionals : Object.keys(known).filter((name) => known[name].cnn && existsSync(path.join(options.models, name, "model.onnx")));
const { load } = await import(pathToFileURL(path.join(ROOT, "build/runtime/weft.js")).href);

console.log("model            compiled ms  interpreted ms  slowdown   load ms  evaluated  difference");
let product = 1, worst = 0;
for (const name of names) {
  const folder = path.join(options.models, name);
  const inputs = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8")).map((input) => ({ ...input, data: new Float32Array(Uint8Array.from(readFileSync(path.join(folder, input.file))).buffer) }));
  const bundle = path.join(ROOT, "build/bench/interpreter", name);
  compile(path.join(folder, "model.onnx"), bundle, { shapes: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])), variants: ["simd128"] });
  const model = await load(pathToFileURL(bundle + path.sep), { variant: "simd128" });
  const feeds = Object.fromEntries(inputs.map(({ name, data }) => [name, data]));
  const bytes = readFileSync(path.join(folder, "model.onnx"));
  const interpreter = new Interpreter();
  const from = performance.now();
  interpreter.load(bytes);
  interpreter.set(Object.fromEntries(inputs.map(({ name, data, shape }) => [name, { data, shape }])));
  interpreter.compute();
  const loaded = performance.now() - from;
  const { weftMs, peerMs, ratio } = await measurePairs(() => model.run(feeds), () => interpreter.compute(), { warmup: 5, samples: 200, seconds: Number(options.seconds) });
  const got = interpreter.results(), expected = await model.run(feeds);
  const difference = Math.max(...Object.keys(expected).map((output) => relativeError(got[output], expected[output])));
  console.log(`${name.padEnd(16)} ${weftMs.toFixed(2).padStart(11)} ${peerMs.toFixed(2).padStart(15)} ${ratio.toFixed(2).padStart(9)} ${loaded.toFixed(0).padStart(9)} ${String(interpreter.evaluated().length).padStart(10)}  ${difference.toExponential(1)}`);
  product *= ratio;
  worst = Math.max(worst, ratio);
  model.dispose();
}
console.log(`geometric mean ${(product ** (1 / names.length)).toFixed(2)}, greatest ${worst.toFixed(2)}`);
if (options.most && worst > Number(options.most)) process.exitCode = 1;
