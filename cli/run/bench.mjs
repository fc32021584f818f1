// `weft bench`: latency, cold start, download size and memory; beside onnxruntime-web where that is installed. What is measured runs in fresh
// processes: this file as a program, `node bench.mjs pairs|start WHO INPUTS.json`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { RunError } from "./errors.mjs";
import { compareOutputs, measurePairs, openOnnxruntime, watchMemories, weftFeeds } from "./pairs.mjs";

const STARTS = 3, TOLERANCE = 1e-4, TIMEOUT_MS = 600_000;
const PEER = "onnxruntime-web", PEER_FILES = ["ort-wasm-simd-threaded.wasm", "ort.wasm.bundle.min.mjs"];

const here = new URL("./", import.meta.url);
const file = (name) => fileURLToPath(new URL(name, here));

/** The package's folder, in node_modules of a folder above the working one. */
function findPeer() {
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const home = path.join(folder, "node_modules", PEER);
    if (existsSync(path.join(home, "package.json"))) return home;
    if (folder === path.dirname(folder)) return undefined;
  }
}

// --- in a fresh process -------------------------------------------------------------------------------------------------

const open = {
  async weft({ bundle, variant }, inputs) {
    const { load } = await import("./weft.mjs");
    const model = await load(pathToFileURL(bundle + path.sep), { variant, int64: "bigint" });
    const feeds = weftFeeds(inputs);
    return { run: () => model.run(feeds), info: model.info };
  },
  async peer({ peer, model }, inputs) {
    const ort = await import(pathToFileURL(path.join(peer, "dist", PEER_FILES[1])));
    ort.env.wasm.numThreads = 1;
    return openOnnxruntime(ort, readFileSync(model), inputs, { executionProviders: ["wasm"] });
  },
};

async function start(task, inputs, who) {
  const memories = watchMemories();
  const from = performance.now();
  const { run } = await open[who](task, inputs);
  await run();
  return { ms: performance.now() - from, memoryBytes: memories() };
}

async function pairs(task, inputs) {
  const weft = await open.weft(task, inputs);
  const limits = { warmup: task.warmup, samples: task.repeat, seconds: task.seconds };
  if (!task.peer) {
    const { samples, weftMs } = await measurePairs(weft.run, async () => {}, limits);
    return { weftMs, fastestMs: Math.min(...samples.map(([ms]) => ms)), runs: samples.length };
  }
  const peer = await open.peer(task, inputs);
  const agreement = compareOutputs(await weft.run(), await peer.run());
  const { samples, ...measured } = await measurePairs(weft.run, peer.run, limits);
  return { ...measured, fastestMs: Math.min(...samples.map(([ms]) => ms)), runs: samples.length, agreement: { ...agreement, relative: Number.isFinite(agreement.relative) ? agreement.relative : null } };
}

/** Inputs as files beside the task: {name, dtype, shape, file} -> with bytes. */
const withBytes = (inputs) => inputs.map((input) => ({ ...input, bytes: new Uint8Array(readFileSync(file(input.file))).buffer }));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , what, who] = process.argv;
  const task = JSON.parse(readFileSync(file("bench.json"), "utf8"));
  console.log(JSON.stringify(await { start, pairs }[what](task, withBytes(task.ports), who)));
}

// --- in the first one ---------------------------------------------------------------------------------------------------

function fresh(what, who = "weft") {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file("bench.mjs"), what, who], { encoding: "utf8", timeout: TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: 1 << 26 });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1));
  const reason = stderr.split("\n").find((line) => /error|failed/i.test(line)) ?? `it ended with ${signal ?? `exit code ${status}`}`;
  throw new RunError("engine", `${who === "peer" || what === "pairs" ? `measuring (${who}${what === "pairs" ? `, beside ${PEER}` : ""})` : "measuring"} failed: ${reason.trim()}`);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Bytes as they are and with brotli, as a server would send code. */
function sizeOf(name) {
  const bytes = readFileSync(name);
  return { bytes: bytes.length, brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } }).length };
}
const sum = (sizes) => ({ bytes: sizes.reduce((total, { bytes }) => total + bytes, 0), brotli: sizes.reduce((total, { brotli }) => total + brotli, 0) });

function starts(who) {
  const seen = Array.from({ length: STARTS }, () => fresh("start", who));
  return { coldStartMs: median(seen.map(({ ms }) => ms)), memoryBytes: seen[0].memoryBytes };
}

/** The result as data; `say` tells how far it is. `ports`: of the model, with their arrays. */
export function bench(task, info, ports, say) {
  const home = task.peer === "none" || !task.modelFile ? undefined : findPeer();
  if (task.peer === PEER && home === undefined)
    throw new RunError("not-found", task.modelFile ? `there is no ${PEER} in node_modules here or above: npm install ${PEER}` : `${PEER} runs .onnx files: give the model, not its bundle`);
  const inputs = ports.map(({ data, ...port }, i) => {
    const name = `bench.${i}.bin`;
    writeFileSync(file(name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { ...port, file: name };
  });
  writeFileSync(file("bench.json"), JSON.stringify({ ...task, variant: info.variant, peer: home, model: task.modelFile, ports: inputs }));

  say("latency");
  const measured = fresh("pairs");
  say("cold start");
  const manifest = JSON.parse(readFileSync(path.join(task.bundle, "model.json"), "utf8"));
  const codeFile = manifest.variants.find(({ name }) => name === info.variant).file;
  const weft = {
    latencyMs: measured.weftMs, fastestMs: measured.fastestMs, ...starts("weft"),
    code: sum([sizeOf(path.join(task.bundle, codeFile)), sizeOf(file("weft.mjs"))]), weightsBytes: manifest.files.find(({ name }) => name === "model.weights")?.bytes ?? 0,
  };
  const result = { model: info.name, variant: info.variant, runs: measured.runs, weft };
  if (home === undefined) return result;
  const { version } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8"));
  const peer = { name: PEER, version, latencyMs: measured.peerMs, ...starts("peer") };
  say("sizes");
  peer.code = sum(PEER_FILES.map((name) => sizeOf(path.join(home, "dist", name))));
  peer.weightsBytes = readFileSync(task.modelFile).length;
  const { agreement } = measured;
  return { ...result, peer, ratio: measured.ratio, agrees: agreement.relative !== null && agreement.relative <= TOLERANCE, difference: agreement.relative };
}

const ms = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)} ms`;
const bytes = (n) => (n < 1e4 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`);

export function benchTable({ model, variant, runs, weft, peer, ratio, agrees, difference }) {
  const rows = [["", "weft", ...(peer ? [`${peer.name} ${peer.version}`, "peer / weft"] : [])]];
  const add = (name, show, of) => rows.push([name, show(of(weft)), ...(peer ? [show(of(peer)), (of(peer) / of(weft)).toFixed(2)] : [])]);
  add("latency, median", ms, ({ latencyMs }) => latencyMs);
  if (peer) rows.at(-1)[3] = ratio.toFixed(2);
  add("cold start", ms, ({ coldStartMs }) => coldStartMs);
  add("code, brotli", bytes, ({ code }) => code.brotli);
  add("weights", bytes, ({ weightsBytes }) => weightsBytes);
  add("memory", bytes, ({ memoryBytes }) => memoryBytes);
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd());
  const verdict = peer ? `${agrees ? "the outputs agree" : "THE OUTPUTS DIFFER"}${difference === null ? "" : `: by ${difference.toExponential(1)} of the largest value`}\n` : "";
  return `${model}, ${variant}, Node ${process.versions.node}, one thread, ${runs} runs in turns\n\n${lines.join("\n")}\n\n${verdict}`;
}
