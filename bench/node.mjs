// Measures in Node. As a program, `node bench/node.mjs TASK.json`, it measures one cold start in a fresh process and prints it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compareOutputs, measurePairs, openOnnxruntime, watchMemories, weftFeeds } from "./pairs.mjs";

export const PEERS = ["onnxruntime-web", "onnxruntime-node"];
const SELF = fileURLToPath(import.meta.url);

const openWeft = async ({ runtime, bundle, variant, inputs }) => {
  const { load } = await import(pathToFileURL(runtime).href);
  const model = await load(pathToFileURL(bundle + path.sep), { variant });
  const feeds = weftFeeds(inputs);
  return { run: () => model.run(feeds), release: () => model.dispose(), info: model.info };
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

/** A task is {runtime, bundle, variant, model, inputs, peer, threads, warmup, samples, tolerance}. */
export async function measure(task) {
  const weft = await openWeft(task);
  const peer = await openPeer(task);
  try {
    const agreement = compareOutputs(await weft.run(), await peer.run());
    if (!(agreement.relative <= task.tolerance)) return { agreement };
    return { agreement, ...(await measurePairs(weft.run, peer.run, task)), memoryBytes: weft.info.memoryBytes };
  } finally {
    weft.release();
    await peer.release();
  }
}

/** From nothing imported to the first result, in a new process: {ms, memoryBytes}. `who` is weft or peer. */
export function coldStart(task, who) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-bench-"));
  try {
    const file = path.join(folder, "task.json");
    const inputs = task.inputs.map((input) => ({ ...input, bytes: Buffer.from(input.bytes).toString("base64") }));
    writeFileSync(file, JSON.stringify({ ...task, who, inputs }));
    return JSON.parse(execFileSync(process.execPath, [SELF, file], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim().split("\n").at(-1));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main() {
  const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
  task.inputs = task.inputs.map((input) => ({ ...input, bytes: new Uint8Array(Buffer.from(input.bytes, "base64")).buffer }));
  const memories = watchMemories();
  const resident = process.memoryUsage.rss();
  const from = performance.now();
  const { run } = await (task.who === "weft" ? openWeft(task) : openPeer(task));
  await run();
  const ms = performance.now() - from;
  // What wasm engines hold is their linear memory; of native code only the growth of the process is known.
  const memoryBytes = task.who === "peer" && task.peer === "onnxruntime-node" ? process.memoryUsage.rss() - resident : memories();
  console.log(JSON.stringify({ ms, memoryBytes }));
  process.exit(0);
}

if (process.argv[1] === SELF) await main();
