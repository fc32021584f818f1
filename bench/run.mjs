// make bench: weft beside ONNX Runtime on the same inputs, in pairs within one process. --help tells the options.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

import { buildRuntime, RUNTIME } from "../tests/support/runtime.mjs";
import { compile, CompileError } from "./compile.mjs";
import * as node from "./node.mjs";
import { fileSize, formatBytes, median, ROOT, table } from "./sizes.mjs";

const TOLERANCE = 1e-4;
const VARIANTS = ["scalar", "simd128", "relaxed"];
const ENGINES = ["node", "chromium"];
const LATER = ["firefox", "jsc", "wasmtime"];
const known = JSON.parse(readFileSync(path.join(ROOT, "tests/models/models.json"), "utf8"));

const HELP = `usage: node bench/run.mjs [OPTIONS]        make bench ARGS="OPTIONS"

  --models LIST      names of tests/models/models.json or paths of .onnx files
                     [${Object.keys(known).filter((name) => known[name].default).join(",")}]
  --shape X=1x3x9x9  shape of an input of the .onnx files; may be repeated
  --variants LIST    ${VARIANTS.join(", ")} [the best that the engine runs]
  --threads N        [1]
  --engine NAME      ${ENGINES.join(", ")} [node]
  --peer LIST        ${node.PEERS.join(", ")} [both; in chromium the first]
  --samples N        pairs per row [15]
  --warmup N         runs of each before that [5]
  --cold N           fresh starts of each, 0 for none [3]
  --output FILE      [bench/results/latest.json]

Before anything is timed the outputs must agree within ${TOLERANCE} of the largest reference value; if they do not, the exit code is 1.
ratio is the median over the pairs of peer / weft: above 1, weft is faster. Cold start is from nothing loaded to the first result.
Memory is linear memory, and for onnxruntime-node the growth of the process.

  make bench ARGS="--models squeezenet --variants simd128 --peer onnxruntime-web --samples 5 --cold 0"
  make bench ARGS="--models my.onnx --shape image=1x3x224x224"`;

class UsageError extends Error {}
const refuse = (message) => {
  throw new UsageError(message);
};
const list = (text) => text.split(",").filter(Boolean);

function options() {
  let values;
  try {
    const text = { type: "string" };
    ({ values } = parseArgs({
      options: {
        models: text, model: text, variants: text, variant: text, threads: text, engine: text, peer: text, device: text,
        shape: { type: "string", multiple: true }, samples: text, warmup: text, cold: text, output: text, help: { type: "boolean" },
      },
    }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const count = (name, fallback, least) => {
    const value = Number(values[name] ?? fallback);
    return Number.isInteger(value) && value >= least ? value : refuse(`--${name} ${values[name]} is no number from ${least}`);
  };
  const engine = values.engine ?? "node";
  if (LATER.includes(engine)) refuse(`engine ${engine} is not supported yet; there are ${ENGINES.join(", ")}`);
  if (!ENGINES.includes(engine)) refuse(`no engine is called ${engine}; there are ${ENGINES.join(", ")}`);
  if ((values.device ?? "wasm") !== "wasm") refuse(`device ${values.device} is not supported yet; there is wasm`);
  const threads = count("threads", 1, 1);
  if (threads > 1) refuse("weft runs on one thread as yet: --threads 1");
  const variants = (values.variants ?? values.variant) && list(values.variants ?? values.variant);
  for (const variant of variants ?? []) if (!VARIANTS.includes(variant)) refuse(`no variant is called ${variant}; there are ${VARIANTS.join(", ")}`);
  const peers = values.peer ? list(values.peer) : engine === "node" ? node.PEERS : ["onnxruntime-web"];
  for (const peer of peers) {
    if (!node.PEERS.includes(peer)) refuse(`no peer is called ${peer}; there are ${node.PEERS.join(", ")}`);
    if (engine !== "node" && peer !== "onnxruntime-web") refuse(`${peer} does not run in ${engine}`);
  }
  const shapes = Object.fromEntries((values.shape ?? []).map((text) => {
    const [, name, dims] = /^(.+)=(\d+(?:x\d+)*)$/.exec(text) ?? refuse(`--shape ${text} is not NAME=AxBxC`);
    return [name, dims.split("x").map(Number)];
  }));
  const models = list(values.models ?? values.model ?? Object.keys(known).filter((name) => known[name].default).join(","));
  return {
    engine, threads, variants, peers, shapes, models,
    samples: count("samples", 15, 1), warmup: count("warmup", 5, 1), cold: count("cold", 3, 0),
    output: path.resolve(values.output ?? path.join(ROOT, "bench/results/latest.json")),
  };
}

/** Uniform in [-1, 1) for floats, 0 or 1 for the rest; the same on every machine. */
function randomBytes({ dtype, shape }) {
  const count = shape.reduce((a, b) => a * b, 1);
  let state = 0x9e3779b9;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const bit = () => (next() < 0.5 ? 0 : 1);
  const make = {
    f32: () => Float32Array.from({ length: count }, () => 2 * next() - 1), f64: () => Float64Array.from({ length: count }, () => 2 * next() - 1),
    i64: () => BigInt64Array.from({ length: count }, () => BigInt(bit())), i32: () => Int32Array.from({ length: count }, bit),
    u8: () => Uint8Array.from({ length: count }, bit), i8: () => Int8Array.from({ length: count }, bit), boolean: () => Uint8Array.from({ length: count }, bit),
  }[dtype];
  if (make === undefined) refuse(`inputs of type ${dtype} are not supported yet`);
  return make().buffer;
}

/** {name, file, bundle, manifest, inputs} of a model that is known by name or given as a file. */
function prepare(given, shapes) {
  if (Object.hasOwn(known, given)) {
    const folder = path.join(ROOT, "build/models", given);
    if (!existsSync(path.join(folder, "model.onnx"))) execFileSync(path.join(ROOT, "tools/models"), [given], { stdio: "inherit" });
    const inputs = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8")).map(({ name, dtype, shape, file }) => ({
      name, dtype, shape, bytes: new Uint8Array(readFileSync(path.join(folder, file))).buffer,
    }));
    return { name: given, file: path.join(folder, "model.onnx"), inputs, shapes: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])) };
  }
  const file = path.resolve(given);
  if (!/\.onnx$/i.test(given)) refuse(`no model is called ${given}; there are ${Object.keys(known).join(", ")}, and any .onnx file`);
  if (!existsSync(file)) refuse(`there is no file ${given}`);
  return { name: path.basename(given, path.extname(given)), file, shapes };
}

function prepareAndCompile(given, shapes) {
  const model = prepare(given, shapes);
  const bundle = path.join(ROOT, "build/bench", model.name);
  mkdirSync(path.dirname(bundle), { recursive: true });
  const manifest = compile(model.file, bundle, { shapes: model.shapes, variants: VARIANTS });
  const inputs = model.inputs ?? manifest.inputs.map((input) => ({ ...input, bytes: randomBytes(input) }));
  return { ...model, bundle, manifest, inputs };
}

function machine(engineVersion) {
  const [cpu] = os.cpus();
  return { cpu: cpu?.model.trim() ?? "unknown", cores: os.cpus().length, arch: os.arch(), os: `${os.type()} ${os.release()}`, engine: engineVersion };
}

function commit() {
  const git = (...args) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") ? "-modified" : "");
  } catch {
    return null;
  }
}

async function openEngine(name) {
  if (name === "node") {
    const { supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
    return { ...node, version: `Node ${process.versions.node}, V8 ${process.versions.v8}`, supported: supportedVariants(), close() {} };
  }
  return (await import("./chromium.mjs")).open();
}

async function measureRow(engine, task, { model, cold }) {
  const measured = await engine.measure(task);
  const { agreement } = measured;
  if (!(agreement.relative <= TOLERANCE)) return { problem: `${model.name}, ${task.variant}: weft and ${task.peer} disagree: ${agreement.worst}` };
  const starts = async (who) => {
    const all = [];
    for (let i = 0; i < cold; ++i) all.push(await engine.coldStart(task, who));
    return { ms: all.length ? median(all.map(({ ms }) => ms)) : null, memoryBytes: all.length ? median(all.map(({ memoryBytes }) => memoryBytes)) : null };
  };
  const weft = await starts("weft");
  const peer = await starts("peer");
  const { file } = model.manifest.variants.find(({ name }) => name === task.variant);
  const code = await fileSize(path.join(model.bundle, file));
  return {
    row: {
      model: model.name, engine: task.engine, device: "wasm", variant: task.variant, threads: task.threads,
      weft_ms: measured.weftMs, peer: task.peer, peer_ms: measured.peerMs, ratio: measured.ratio, samples: measured.samples,
      max_abs_diff: agreement.maxAbsDiff, code_bytes: code.raw, code_brotli: code.brotli,
      cold_start_ms: weft.ms, peer_cold_start_ms: peer.ms, memory_bytes: measured.memoryBytes, peer_memory_bytes: peer.memoryBytes,
    },
  };
}

const ms = (value) => (value === null ? "-" : value < 10 ? value.toFixed(2) : value.toFixed(1));
const bytes = (value) => (value === null ? "-" : formatBytes(value));

function print(rows) {
  const head = ["model", "variant", "peer", "weft ms", "peer ms", "ratio", "max diff", "code", "brotli", "cold ms", "peer", "memory", "peer"];
  console.log(table([head, ...rows.map((row) => [
    row.model, row.variant, row.peer, ms(row.weft_ms), ms(row.peer_ms), row.ratio.toFixed(2), row.max_abs_diff.toExponential(1), bytes(row.code_bytes),
    bytes(row.code_brotli), ms(row.cold_start_ms), ms(row.peer_cold_start_ms), bytes(row.memory_bytes), bytes(row.peer_memory_bytes),
  ])]));
  for (const key of new Set(rows.map(({ variant, peer }) => `${variant}, ${peer}`))) {
    const group = rows.filter(({ variant, peer }) => `${variant}, ${peer}` === key);
    const mean = Math.exp(group.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / group.length);
    console.log(`geometric mean of the ratios (${key}; ${group.length} model${group.length > 1 ? "s" : ""}): ${mean.toFixed(2)}`);
  }
}

async function main() {
  const chosen = options();
  buildRuntime();
  const engine = await openEngine(chosen.engine);
  const rows = [], problems = [];
  try {
    const variants = chosen.variants ?? [engine.supported[0]];
    for (const variant of variants) if (!engine.supported.includes(variant)) refuse(`${engine.version} cannot run the variant ${variant}; it runs ${engine.supported.join(", ")}`);
    for (const given of chosen.models) {
      const model = prepareAndCompile(given, chosen.shapes);
      for (const variant of variants)
        for (const peer of chosen.peers) {
          const { engine: name, threads, warmup, samples } = chosen;
          const task = { engine: name, variant, peer, threads, warmup, samples, tolerance: TOLERANCE, runtime: path.join(RUNTIME, "weft.js"), bundle: model.bundle, model: model.file, inputs: model.inputs };
          const { row, problem } = await measureRow(engine, task, { model, cold: chosen.cold });
          if (row) rows.push(row);
          if (problem) problems.push(problem);
        }
    }
  } finally {
    await engine.close();
  }
  if (rows.length) {
    console.log(engine.version);
    print(rows);
    mkdirSync(path.dirname(chosen.output), { recursive: true });
    writeFileSync(chosen.output, JSON.stringify({ machine: machine(engine.version), commit: commit(), rows }, null, 1) + "\n");
    console.log(`written: ${path.relative(process.cwd(), chosen.output)}`);
  }
  for (const problem of problems) console.error(`bench: ${problem}`);
  return problems.length ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof UsageError || error instanceof CompileError ? error.message : error.stack}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
