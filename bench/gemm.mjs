// make bench-gemm: the GEMM that comes out of the ordinary path (ONNX MatMul with constant B -> weft compile), beside hand-emitted loops
// and the peaks of this core in wasm and in C, in turns in one run, in each engine. --help tells the options.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs, promisify } from "node:util";

import { BROWSERS, runPage } from "./browser.mjs";
import { compile } from "./compile.mjs";
import { handLoop, probe, PROBE_STEPS } from "./gemm_kernels.mjs";
import { measureGemm } from "./gemm_page.mjs";
import { median, ROOT, table } from "./sizes.mjs";

const HELP = `usage: node bench/gemm.mjs [OPTIONS]        make bench-gemm ARGS="OPTIONS"

  --engine LIST   node, chromium, firefox, all [all that are installed]
  --size N        of the square matrices [512]
  --rounds N      most samples of each contestant, taken in turns [300]; it ends when 40 rounds made nothing better
  --check         exit code 1 when a bar is missed
  --json          rates and shares of every round's best and median

GFLOP/s are the best of the rounds, which a noisy machine disturbs least; shares are quotients of these. "median" is the median over the
rounds of weft / by hand: where it differs much from the share, the machine was not quiet.`;

const BARS = { ofHand: 0.95, probeOfC: 0.03 };
const KERNELS = [
  { name: "relaxed 6x8", variant: "relaxed", relaxed: true, rows: 6, vectors: 2, probeName: "FMA" },
  { name: "simd128 3x12", variant: "simd128", relaxed: false, rows: 3, vectors: 3, probeName: "mul+add" },
];
const UNROLLS = [1, 4];
const run = promisify(execFile);

function options() {
  const { values } = parseArgs({
    options: {
      engine: { type: "string" }, size: { type: "string", default: "512" }, rounds: { type: "string", default: "300" },
      check: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const all = ["node", ...Object.keys(BROWSERS)];
  const engines = !values.engine || values.engine === "all" ? all : values.engine.split(",");
  for (const engine of engines) if (!all.includes(engine)) throw new Error(`no engine is called ${engine}; there are ${all.join(", ")}`);
  const size = Number(values.size), rounds = Number(values.rounds);
  if (!Number.isInteger(size) || size < 12 || !Number.isInteger(rounds) || rounds < 1) throw new Error("--size wants a number from 12, --rounds one from 1");
  return { ...values, engines, asked: values.engine && values.engine !== "all", size, rounds };
}

function model(size) {
  const folder = path.join(ROOT, "build/models", `gemm${size}`);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "model.onnx");
  if (!existsSync(file))
    execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", `
import numpy as np, onnx
from onnx import helper as h, TensorProto as T, numpy_helper
n = ${size}
b = np.random.default_rng(1).standard_normal((n, n)).astype(np.float32)
f = lambda name: h.make_tensor_value_info(name, T.FLOAT, [n, n])
g = h.make_graph([h.make_node("MatMul", ["a", "b"], ["c"], name="gemm")], "gemm", [f("a")], [f("c")], [numpy_helper.from_array(b, "b")])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), ${JSON.stringify(file)})`]);
  return file;
}

/** {task, files}: what measureGemm wants, and the bytes behind its file names. */
function contest({ size, rounds }) {
  const file = model(size);
  const folder = path.join(path.dirname(file), "bundle");
  const manifest = compile(file, folder, { variants: ["simd128", "relaxed"] });
  const files = { "model.weights": readFileSync(path.join(folder, "model.weights")) };
  const contestants = [];
  const add = (key, bytes, spec) => {
    files[`${key}.wasm`] = new Uint8Array(bytes);
    contestants.push({ key, file: `${key}.wasm`, ...spec });
  };
  for (const { variant: name, relaxed, rows, vectors } of KERNELS) {
    const variant = manifest.variants.find((v) => v.name === name);
    add(`${name}-probe`, probe(relaxed), { kind: "probe", steps: PROBE_STEPS[name] });
    for (const unroll of UNROLLS) add(`${name}-hand-x${unroll}`, handLoop({ rows, vectors, unroll, relaxed }), { kind: "hand", rows, vectors, unroll });
    add(`${name}-weft`, readFileSync(path.join(folder, variant.file)), { kind: "weft", variant, weights: "model.weights" });
  }
  return { task: { size, rounds, steady: 40, contestants }, files };
}

/** A function -> one sample of each peak of the core as C sees it, {key: GFLOP/s}; nothing where there is no such probe. */
function probeInC() {
  const program = path.join(ROOT, "build/peak");
  try {
    execFileSync("cc", ["-O3", "-mfma", "-ffp-contract=off", "-o", program, path.join(ROOT, "bench/peak.c")], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    console.error(`bench-gemm: no probe in C: ${error.stderr || error.message}`);
    return async () => ({});
  }
  return async () => {
    const [fma, mulAdd] = (await run(program)).stdout.trim().split(" ").map(Number);
    return { "relaxed-C": fma, "simd128-C": mulAdd };
  };
}

async function measure(engine, { task, files }, peakInC) {
  if (engine === "node") return measureGemm(task, async (file) => new Uint8Array(files[file]), peakInC);
  const page = { "main.mjs": readFileSync(path.join(ROOT, "bench/gemm_page.mjs")) };
  return runPage(engine, { ...page, ...files, "peak-in-c": async () => JSON.stringify(await peakInC()) }, task, { timeout: 120_000 + task.rounds * 1_000 });
}

const best = (rates) => (rates ? Math.max(...rates) : null);

function rowsOf({ rates }) {
  return KERNELS.filter(({ variant }) => rates[`${variant}-weft`]).map(({ name, variant, probeName }) => {
    const of = (what) => rates[`${variant}-${what}`];
    const hands = UNROLLS.map((unroll) => of(`hand-x${unroll}`));
    const row = { kernel: name, probe: probeName, weft: best(of("weft")), hand: Math.max(...hands.map(best)), peak: best(of("probe")), peakC: best(of("C")) };
    const inTurns = hands.map((hand) => median(of("weft").map((rate, i) => rate / hand[i])));
    return { ...row, ofHand: row.weft / row.hand, ofHandMedian: Math.min(...inTurns), ofPeak: row.weft / row.peak, probeOfC: row.peakC && row.peak / row.peakC };
  });
}

const percent = (share) => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);
const rate = (value) => (value === null ? "-" : value.toFixed(1));

function barsOf(rows) {
  const bars = [];
  for (const { kernel, probe, ofHand, probeOfC } of rows) {
    bars.push({ pass: ofHand >= BARS.ofHand, text: `${kernel}: weft reaches ${percent(ofHand)} of the hand loops (at least ${percent(BARS.ofHand)})` });
    if (probeOfC !== null)
      bars.push({ pass: Math.abs(probeOfC - 1) <= BARS.probeOfC, text: `${probe} probe: wasm reaches ${percent(probeOfC)} of C (within ${percent(BARS.probeOfC)})` });
  }
  return bars;
}

function print({ version, rounds, rows, bars, missing }) {
  console.log(`\n${version}; ${rounds} rounds; GFLOP/s`);
  console.log(table([
    ["kernel", "weft", "by hand", "peak", "peak in C", "weft / hand", "median", "weft / peak", "probe / C"],
    ...rows.map((r) => [r.kernel, ...[r.weft, r.hand, r.peak, r.peakC].map(rate), ...[r.ofHand, r.ofHandMedian, r.ofPeak, r.probeOfC].map(percent)]),
  ]));
  if (missing.length) console.log(`skipped, the engine does not validate them: ${missing.join(", ")}`);
  for (const { pass, text } of bars) console.log(`${pass ? "PASS" : "FAIL"}  ${text}`);
}

async function main() {
  const chosen = options();
  const peakInC = probeInC();
  const prepared = contest(chosen);
  const results = [];
  if (!chosen.json) console.log(`GEMM ${chosen.size}x${chosen.size}x${chosen.size}, float32, constant B`);
  for (const engine of chosen.engines) {
    const absent = BROWSERS[engine]?.missing();
    if (absent) {
      if (chosen.asked) throw new Error(absent);
      results.push({ engine, skipped: absent });
      if (!chosen.json) console.log(`\n${engine}: skipped: ${absent}`);
      continue;
    }
    const version = BROWSERS[engine]?.version() ?? `Node ${process.versions.node} (V8 ${process.versions.v8})`;
    const measured = await measure(engine, prepared, peakInC);
    const rows = rowsOf(measured);
    const rounds = Math.max(...Object.values(measured.rates).map((rates) => rates.length));
    const result = { engine, version, rounds, rows, bars: barsOf(rows), missing: measured.missing };
    results.push(result);
    if (!chosen.json) print(result);
  }
  if (chosen.json) console.log(JSON.stringify({ size: chosen.size, bars: BARS, results }, null, 1));
  return chosen.check && results.some(({ bars = [] }) => bars.some(({ pass }) => !pass)) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench-gemm: ${error.message}`);
  process.exitCode = 2;
}
