// node tools/oracle.mjs MODEL.onnx INPUTS.json OUTDIR: what ONNX Runtime (native, CPU, no graph optimisation) computes for
// the model's outputs and for five intermediate tensors spread over its depth, each with a standard deviation of at least 1 %
// of its maximum.
//   OUTDIR/taps.onnx    the model with the five tensors as further outputs, typed and shaped
//   OUTDIR/index.json   [{"name", "kind": "output" | "tap", "dtype", "shape", "file", "max_abs", "std"}]
//   OUTDIR/*.bin        the values, little-endian, row-major
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ort from "onnxruntime-node";

const TAPS = 5;
const CANDIDATES = 48;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** ONNX Runtime's names of element types -> [weft's, the array that holds them]. */
const DTYPES = {
  float32: ["f32", Float32Array], float64: ["f64", Float64Array], int64: ["i64", BigInt64Array], int32: ["i32", Int32Array],
  int16: ["i16", Int16Array], int8: ["i8", Int8Array], uint64: ["u64", BigUint64Array], uint32: ["u32", Uint32Array],
  uint16: ["u16", Uint16Array], uint8: ["u8", Uint8Array], bool: ["boolean", Uint8Array],
};

const python = (...args) =>
  execFileSync(path.join(root, ".venv/bin/python"), [path.join(root, "tests/models/taps.py"), ...args], { encoding: "utf8" });

/** The tensors that INPUTS.json describes, by name. */
export function readInputs(file) {
  const feeds = {};
  for (const { name, dtype, shape, file: values } of JSON.parse(readFileSync(file, "utf8"))) {
    const [type, [, ArrayType]] = Object.entries(DTYPES).find(([, [ours]]) => ours === dtype);
    const bytes = readFileSync(path.join(path.dirname(file), values));
    feeds[name] = new ort.Tensor(type, new ArrayType(new Uint8Array(bytes).buffer), shape);
  }
  return feeds;
}

/** All outputs of the model, by name. */
export async function runOnnxRuntime(model, feeds) {
  const options = { executionProviders: ["cpu"], graphOptimizationLevel: "disabled", logSeverityLevel: 3 };
  const session = await ort.InferenceSession.create(model, options);
  const results = await session.run(feeds);
  await session.release();
  return results;
}

function statistics(data) {
  let sum = 0, squares = 0, maximum = 0, finite = true;
  for (const raw of data) {
    const value = Number(raw);
    finite &&= Number.isFinite(value);
    sum += value;
    squares += value * value;
    maximum = Math.max(maximum, Math.abs(value));
  }
  const mean = sum / data.length;
  return { max_abs: maximum, std: Math.sqrt(Math.max(0, squares / data.length - mean * mean)), finite };
}

/** The names of TAPS candidates nearest to evenly spaced depths, of those with something to see in them. */
function chooseTaps(names, results) {
  const good = names
    .map((name, depth) => ({ name, depth: (depth + 0.5) / names.length }))
    .filter(({ name }) => {
      const { type, data } = results[name];
      if (type !== "float32" || data.length < 16) return false;
      const { max_abs, std, finite } = statistics(data);
      return finite && std >= 0.01 * max_abs && max_abs > 0;
    });
  const chosen = [];
  for (let i = 1; i <= TAPS && good.length > 0; ++i) {
    const target = i / (TAPS + 1);
    const best = good.reduce((a, b) => (Math.abs(b.depth - target) < Math.abs(a.depth - target) ? b : a));
    chosen.push(best);
    good.splice(good.indexOf(best), 1);
  }
  return chosen.sort((a, b) => a.depth - b.depth).map(({ name }) => name);
}

async function main() {
  const [model, inputs, out] = process.argv.slice(2);
  if (out === undefined) {
    console.error("usage: node tools/oracle.mjs MODEL.onnx INPUTS.json OUTDIR");
    process.exit(2);
  }
  mkdirSync(out, { recursive: true });
  const feeds = readInputs(inputs);
  const wide = path.join(out, "candidates.onnx");
  const names = JSON.parse(python("candidates", model, wide, String(CANDIDATES)));
  const found = await runOnnxRuntime(wide, feeds);
  rmSync(wide);
  const taps = chooseTaps(names, found).map((name) => ({ name, shape: found[name].dims }));
  const list = path.join(out, "taps.json");
  writeFileSync(list, JSON.stringify(taps));
  python("fix", model, path.join(out, "taps.onnx"), list);
  rmSync(list);

  const results = await runOnnxRuntime(path.join(out, "taps.onnx"), feeds);
  const index = Object.entries(results).map(([name, { type, dims, data }], i) => {
    const file = `${i}.bin`;
    writeFileSync(path.join(out, file), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const { max_abs, std } = statistics(data);
    const kind = taps.some((tap) => tap.name === name) ? "tap" : "output";
    return { name, kind, dtype: DTYPES[type][0], shape: dims, file, max_abs, std };
  });
  writeFileSync(path.join(out, "index.json"), JSON.stringify(index, null, 1) + "\n");
  if (taps.length < TAPS) {
    console.error(`oracle: only ${taps.length} of ${TAPS} intermediate tensors of ${model} vary enough`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
