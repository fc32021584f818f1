// Measures in Node, each time in a fresh process: that is this file as a program, `node bench/node.mjs TASK.json`, which prints JSON.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compareOutputs, measurePairs, openOnnxruntime, watchMemories, weftFeeds } from "../cli/run/pairs.mjs";

export const PEERS = ["onnxruntime-web", "onnxruntime-node"];
const SELF = fileURLToPath(import.meta.url);

const openWeft = async ({ runtime, bundle, variant, inputs }) => {
  const { load } = await import(pathToFileURL(runtime).href);
  const model = await load(pathToFileURL(bundle + path.sep), { variant });
  const feeds = weftFeeds(inputs);
  return { run: () => model.run(feeds), info: model.info };
};

async function openPeer({ peer, model, inputs, threads }) {
  const bytes = readFileSync(model);
  if (peer === "onnxruntime-web") {
    const ort = await import("onnxruntime-web/wasm");
    ort.env.wasm.numThreads = threads;
    return openOnnxruntime(ort, bytes, inputs, { executionProviders: ["wasm"] });
  }
  const { default: ort } = await import("onnxruntime-node");
  return openOnnxruntime(ort, bytes, inputs, { executionProviders: ["cpu"], intraOpNumThreads: threads, interOpNumThreads: 1 });
}

async function pairs(task) {
  const weft = await openWeft(task);
  const peer = await openPeer(task);
  const agreement = compareOutputs(await weft.run(), await peer.run());
  // Infinity does not travel.
  if (!(agreement.relative <= task.tolerance)) return { agreement: { ...agreement, relative: null } };
  return { agreement, ...(await measurePairs(weft.run, peer.run, task)), memoryBytes: weft.info.memoryBytes };
}

async function start(task) {
  const memories = watchMemories();
  const resident = process.memoryUsage.rss();
  const from = performance.now();
  const { run } = await (task.who === "weft" ? openWeft(task) : openPeer(task));
  await run();
  const ms = performance.now() - from;
  // What wasm engines hold is their linear memory; of native code only the growth of the process is known.
  return { ms, memoryBytes: task.who === "peer" && task.peer === "onnxruntime-node" ? process.memoryUsage.rss() - resident : memories() };
}

const TIMEOUT = 600_000;
const MEASUREMENTS = { pairs, start };

/** In a new process: nothing is warm, its memory is returned, and its end is not ours. */
function inProcess(what, task) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-bench-"));
  try {
    const file = path.join(folder, "task.json");
    const inputs = task.inputs.map((input) => ({ ...input, bytes: Buffer.from(input.bytes).toString("base64") }));
    writeFileSync(file, JSON.stringify({ ...task, what, inputs }));
    const { status, signal, error, stdout, stderr } = spawnSync(process.execPath, [SELF, file], { encoding: "utf8", timeout: TIMEOUT, killSignal: "SIGKILL", maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(`the process of ${task.peer} and weft ended with ${error?.code ?? signal ?? `exit code ${status}`}: ${reason(stderr)}`);
    return JSON.parse(stdout.trim().split("\n").at(-1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const FAILED = "failed: ";
/** What main said, or what the engine said when it died. */
function reason(stderr) {
  const lines = stderr.split("\n").map((line) => line.trim());
  return lines.find((line) => line.startsWith(FAILED))?.slice(FAILED.length) ?? lines.find((line) => /error|fatal|abort/i.test(line))?.slice(0, 300) ?? "without a message";
}

/** A task is {runtime, bundle, variant, model, inputs, peer, threads, warmup, samples, seconds, tolerance}. */
export function measure(task) {
  const measured = inProcess("pairs", task);
  measured.agreement.relative ??= Infinity;
  return measured;
}

/** From nothing imported to the first result, in a new process: {ms, memoryBytes}. `who` is weft or peer. */
export const coldStart = (task, who) => inProcess("start", { ...task, who });

async function main() {
  const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
  task.inputs = task.inputs.map((input) => ({ ...input, bytes: new Uint8Array(Buffer.from(input.bytes, "base64")).buffer }));
  console.log(JSON.stringify(await MEASUREMENTS[task.what](task)));
  process.exit(0);
}

if (process.argv[1] === SELF)
  await main().catch((error) => {
    console.error(`${FAILED}${error?.message ?? error}`.replaceAll("\n", " "));
    process.exit(1);
  });
