// make bench: weft beside ONNX Runtime on the same inputs, in pairs within one process. --help tells the options.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { buildRuntime, RUNTIME } from "../tests/support/runtime.mjs";
import { barsOf, geometricMean, printBars } from "./bars.mjs";
import * as browsers from "./browser_models.mjs";
import { canOptimizeMemory, compile, CompileError } from "./compile.mjs";
import * as node from "./node.mjs";
import { known, options, refuse, splitName, symbolic, TOLERANCE, UsageError, VARIANTS } from "./options.mjs";
import { fileSize, formatBytes, median, ROOT, table } from "./sizes.mjs";

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

const nameOf = (given) => (Object.hasOwn(known, given) ? given : path.basename(given, path.extname(given)));

/** {name, file, shapes, inputs, more} of a model that is known by name or given as a file; the latter has no inputs yet. `more`: options of weft. */
function find(given, shapes) {
  const name = nameOf(given);
  if (!Object.hasOwn(known, given)) return { name, file: path.resolve(given), shapes };
  const { base, ranges } = splitName(given), { dims, constants = {} } = symbolic[base] ?? {};
  const folder = path.join(ROOT, "build/models", base);
  if (!existsSync(path.join(folder, ".recipe"))) execFileSync(path.join(ROOT, "tools/models"), [base], { stdio: ["ignore", 2, 2] });
  const list = JSON.parse(readFileSync(path.join(folder, Object.hasOwn(symbolic, base) ? "cases.json" : "inputs.json"), "utf8"));
  const inputs = (list[0]?.inputs ?? list).map(({ name, dtype, shape, file }) => ({
    name, dtype, shape, constant: Object.hasOwn(constants, name), bytes: new Uint8Array(readFileSync(path.join(folder, file))).buffer,
  }));
  const option = (kind, values) => Object.entries(values).flatMap(([key, value]) => [kind, `${key}=${value}`]);
  const more = [...option("--constant", constants), ...(ranges ? option("--dim", dims) : [])];
  const open = inputs.filter(({ constant }) => !constant && !ranges);
  return { name, file: path.join(folder, "model.onnx"), inputs, more, shapes: Object.fromEntries(open.map(({ name, shape }) => [name, shape])) };
}

function findAndCompile(given, shapes) {
  const model = find(given, shapes);
  const bundle = path.join(ROOT, "build/bench", model.name);
  mkdirSync(path.dirname(bundle), { recursive: true });
  const manifest = compile(model.file, bundle, { shapes: model.shapes, variants: VARIANTS, more: model.more });
  const inputs = model.inputs ?? manifest.inputs.map((input) => ({ ...input, bytes: randomBytes(input) }));
  return { ...model, bundle, manifest, inputs };
}

/** What bars.mjs wants to know of the memory of the variants. */
function memoryOf(model, manifest, variants) {
  return manifest.variants.filter(({ name }) => variants.includes(name)).map(({ name, memory }) => ({
    model, variant: name, linear: memory.pages * 65536, initialisers: manifest.weights.bytes, arena: memory.run_arena ?? memory.arena, ofRun: memory.run_arena !== undefined,
  }));
}

/** The same of a bundle made for little memory; null where the compiler cannot. */
function optimizedMemoryOf({ name, file, shapes }, variants) {
  if (!canOptimizeMemory()) return null;
  const folder = path.join(ROOT, "build/bench", name + "-memory");
  const manifest = compile(file, folder, { shapes, variants, optimize: "memory" });
  rmSync(path.join(folder, "model.weights"), { force: true });
  return memoryOf(name, manifest, variants);
}

function machine() {
  const [cpu] = os.cpus();
  return { cpu: cpu?.model.trim() ?? "unknown", cores: os.cpus().length, arch: os.arch(), os: `${os.type()} ${os.release()}` };
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
  if (name !== "node") return { name, peers: ["onnxruntime-web"], ...(await browsers.open(name)) };
  const { supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  return { name, ...node, peers: node.PEERS, version: `Node ${process.versions.node}, V8 ${process.versions.v8}`, supported: supportedVariants() };
}

/** Medians of fresh starts; as many as fit in `seconds`, at least one. */
async function coldStarts(engine, task, who, most, seconds) {
  const all = [], from = performance.now();
  while (all.length < most && (all.length === 0 || performance.now() - from < 1000 * seconds)) all.push(await engine.coldStart(task, who));
  return { ms: all.length ? median(all.map(({ ms }) => ms)) : null, memoryBytes: all.length ? median(all.map(({ memoryBytes }) => memoryBytes)) : null };
}

async function measureRow(engine, task, { model, cold }) {
  const measured = await engine.measure(task);
  const { agreement } = measured;
  if (!(agreement.relative <= TOLERANCE)) throw new Error(`weft and ${task.peer} disagree: ${agreement.worst}`);
  const weft = await coldStarts(engine, task, "weft", cold, task.seconds / 2);
  const peer = await coldStarts(engine, task, "peer", cold, task.seconds / 2);
  const { file } = model.manifest.variants.find(({ name }) => name === task.variant);
  const code = await fileSize(path.join(model.bundle, file));
  return {
    model: model.name, engine: task.engine, device: "wasm", variant: task.variant, threads: task.threads,
    weft_ms: measured.weftMs, peer: task.peer, peer_ms: measured.peerMs, ratio: measured.ratio, best_ratio: measured.bestRatio, samples: measured.samples,
    max_abs_diff: agreement.maxAbsDiff, code_bytes: code.raw, code_brotli: code.brotli,
    cold_start_ms: weft.ms, peer_cold_start_ms: peer.ms, memory_bytes: measured.memoryBytes, peer_memory_bytes: peer.memoryBytes,
  };
}

const ms = (value) => (value === null ? "-" : value < 10 ? value.toFixed(2) : value.toFixed(1));
const bytes = (value) => (value === null ? "-" : formatBytes(value));

function print(rows, failures) {
  const head = ["model", "variant", "peer", "pairs", "weft ms", "peer ms", "ratio", "best", "max diff", "code", "brotli", "cold ms", "peer", "memory", "peer"];
  if (rows.length)
    console.log(table([head, ...rows.map((row) => [
      row.model, row.variant, row.peer, String(row.samples.length), ms(row.weft_ms), ms(row.peer_ms), row.ratio.toFixed(2), row.best_ratio.toFixed(2), row.max_abs_diff.toExponential(1),
      bytes(row.code_bytes), bytes(row.code_brotli), ms(row.cold_start_ms), ms(row.peer_cold_start_ms), bytes(row.memory_bytes), bytes(row.peer_memory_bytes),
    ])]));
  for (const { model, variant, peer, reason } of failures) console.log([model, variant, peer, "failed:", reason.split("\n")[0]].filter(Boolean).join("  "));
  for (const key of new Set(rows.map(({ variant, peer }) => `${variant}, ${peer}`))) {
    const group = rows.filter(({ variant, peer }) => `${variant}, ${peer}` === key);
    const mean = geometricMean(group.map(({ ratio }) => ratio));
    console.log(`geometric mean of the ratios (${key}; ${group.length} model${group.length > 1 ? "s" : ""}): ${mean.toFixed(2)}`);
  }
}

/** All rows of one model in one engine, onto `found`. What fails becomes a failure with its reason. */
async function measureModel(engine, model, chosen, found) {
  const variants = chosen.variants ?? [engine.supported[0]];
  const peers = chosen.peers.filter((peer) => engine.peers.includes(peer));
  for (const variant of variants)
    for (const peer of peers) {
      const { threads, warmup, samples, seconds } = chosen;
      const task = { engine: engine.name, variant, peer, threads, warmup, samples, seconds, tolerance: TOLERANCE, runtime: path.join(RUNTIME, "weft.js"), bundle: model.bundle, model: model.file, inputs: model.inputs };
      const where = `${engine.name}: ${model.name}, ${variant}`;
      try {
        const row = await measureRow(engine, task, { model, cold: chosen.cold });
        found.rows.push(row);
        console.error(`${where}: ${ms(row.weft_ms)} ms beside ${ms(row.peer_ms)} of ${peer}: ${row.ratio.toFixed(2)}`);
      } catch (error) {
        found.failures.push({ model: model.name, engine: engine.name, variant, peer, reason: error.message });
        console.error(`bench: ${where}: ${error.message}`);
      }
    }
}

/** Compiles each model, measures it in each engine. Models are not kept: the large ones fill memory and disk. */
async function measureAll(engines, chosen) {
  const found = { rows: [], failures: [], memory: [], optimized: [] };
  for (const given of chosen.models) {
    try {
      const model = findAndCompile(given, chosen.shapes);
      for (const engine of engines) await measureModel(engine, model, chosen, found);
      if (!chosen.bars) continue;
      found.memory.push(...memoryOf(model.name, model.manifest, chosen.variants));
      const optimized = optimizedMemoryOf(model, chosen.variants);
      found.optimized = optimized && found.optimized && [...found.optimized, ...optimized];
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const reason = error instanceof CompileError ? error.message : `${nameOf(given)}: ${error.message}`;
      found.failures.push({ model: nameOf(given), engine: null, variant: null, peer: null, reason });
      console.error(`bench: ${reason}`);
    }
  }
  return found;
}

async function main() {
  const chosen = options();
  for (const given of chosen.models) if (!Object.hasOwn(known, given) && !existsSync(given)) refuse(`there is no file ${given}`);
  buildRuntime();
  for (const [name, why] of Object.entries(chosen.skipped)) console.error(`bench: ${name} is skipped: ${why}`);
  const engines = [];
  for (const name of chosen.engines) engines.push(await openEngine(name));
  for (const { version, supported } of engines)
    for (const variant of chosen.variants ?? []) if (!supported.includes(variant)) refuse(`${version} cannot run the variant ${variant}; it runs ${supported.join(", ")}`);

  const { rows, failures, memory, optimized } = await measureAll(engines, chosen);
  const bars = chosen.bars ? barsOf(rows, { models: chosen.models, memory, optimized }) : [];
  const versions = Object.fromEntries(engines.map(({ name, version }) => [name, version]));
  const text = JSON.stringify({ machine: { ...machine(), engine: engines.map(({ version }) => version).join(", ") }, engines: versions, commit: commit(), rows, failures, bars, memory }, null, 1) + "\n";
  if (rows.length) {
    mkdirSync(path.dirname(chosen.output), { recursive: true });
    writeFileSync(chosen.output, text);
  }
  if (chosen.json) {
    process.stdout.write(text);
  } else {
    for (const { name, version } of engines) {
      console.log(version);
      print(rows.filter((row) => row.engine === name), failures.filter((row) => row.engine === name || row.engine === null));
    }
    printBars(bars);
    if (rows.length) console.log(`written: ${path.relative(process.cwd(), chosen.output)}`);
  }
  return failures.length || (chosen.check && bars.some(({ pass }) => pass === false)) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof UsageError ? error.message : error.stack}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
