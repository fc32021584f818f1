// main.mjs of a page that measures whole models. It loads nothing before a measurement asks for it.
import { compareOutputs, measurePairs, openOnnxruntime, watchMemories, weftFeeds } from "./pairs.mjs";

const decode = (inputs) => inputs.map(({ bytes, ...rest }) => ({ ...rest, bytes: Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer }));

/** As pages do it. */
async function openWeft({ variant, inputs }) {
  const { load } = await import("./bundle/model.js");
  const model = await load({ variant });
  const feeds = weftFeeds(inputs);
  return { run: () => model.run(feeds), info: model.info };
}

async function openPeer({ inputs, threads }) {
  const ort = await import("./ort/ort.wasm.bundle.min.mjs");
  ort.env.wasm.numThreads = threads;
  const model = new Uint8Array(await (await fetch("model.onnx")).arrayBuffer());
  return openOnnxruntime(ort, model, inputs, { executionProviders: ["wasm"] });
}

async function measure(task) {
  const weft = await openWeft(task);
  const peer = await openPeer(task);
  const agreement = compareOutputs(await weft.run(), await peer.run());
  // Infinity does not travel.
  if (!(agreement.relative <= task.tolerance)) return { agreement: { ...agreement, relative: null } };
  return { agreement, ...(await measurePairs(weft.run, peer.run, task)), memoryBytes: weft.info.memoryBytes };
}

/** After this time a new browser has started its spare processes; before, these take most of two cores. */
const SETTLE_MS = 1000;

/** From nothing to the first outputs. */
async function coldStart(task) {
  const memories = watchMemories();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const from = performance.now();
  const { run } = await (task.who === "weft" ? openWeft(task) : openPeer(task));
  await run();
  return { ms: performance.now() - from, memoryBytes: memories() };
}

const MEASUREMENTS = { measure, coldStart, supported: async () => (await import("./weft.js")).supportedVariants() };

export default (task) => MEASUREMENTS[task.what]({ ...task, inputs: decode(task.inputs ?? []) });
