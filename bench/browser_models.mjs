// Whole models in a browser, as bench/run.mjs wants an engine. Every measurement has a browser process of its own.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { BROWSERS, runPage } from "./browser.mjs";
import { ROOT } from "./sizes.mjs";

const ORT = path.join(ROOT, "node_modules/onnxruntime-web/dist");
const ORT_FILES = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

/** What the page can ask for, in memory: what a disk takes is not measured. */
function filesOf(task) {
  const file = (...parts) => readFileSync(path.join(...parts));
  const files = { "main.mjs": file(ROOT, "bench/models_page.mjs"), "pairs.mjs": file(ROOT, "cli/run/pairs.mjs"), "weft.js": file(ROOT, "build/runtime/weft.js") };
  for (const name of ORT_FILES) files["ort/" + name] = file(ORT, name);
  if (task === undefined) return files;
  for (const name of readdirSync(task.bundle)) files["bundle/" + name] = file(task.bundle, name);
  files["model.onnx"] = file(task.model);
  return files;
}

/** The task as it travels to the page. */
const travelling = ({ inputs, variant, threads, warmup, samples, seconds, tolerance }) => ({
  variant, threads, warmup, samples, seconds, tolerance, inputs: inputs.map((input) => ({ ...input, bytes: Buffer.from(input.bytes).toString("base64") })),
});

export async function open(name) {
  return {
    version: BROWSERS[name].version(),
    supported: await runPage(name, filesOf(), { what: "supported" }, { timeout: 120_000 }),
    async measure(task) {
      const measured = await runPage(name, filesOf(task), { what: "measure", ...travelling(task) });
      measured.agreement.relative ??= Infinity;
      return measured;
    },
    coldStart: (task, who) => runPage(name, filesOf(task), { what: "coldStart", who, ...travelling(task) }),
  };
}
