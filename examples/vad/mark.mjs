// node examples/vad/mark.mjs [RECORDING.wav] [--json]: when somebody speaks in a recording. Compiles the model first, once. Without a file: the sample.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compileModel } from "./bundle.mjs";
import { makeRecording } from "./recording.mjs";
import { probabilities, RATE, segmentsOf } from "./speech.mjs";
import { readWav, resample } from "./wav.mjs";

const usage = "usage: node examples/vad/mark.mjs [RECORDING.wav] [--json]";

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
  if (values.help || positionals.length > 1) {
    console[values.help ? "log" : "error"](usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const { samples: given, rate } = positionals.length ? readWav(readFileSync(positionals[0])) : makeRecording();
  const samples = resample(given, rate, RATE), duration = samples.length / RATE;
  const folder = path.join(ROOT, "build/vad");
  mkdirSync(folder, { recursive: true });
  buildRuntime();
  compileModel(path.join(folder, "model"));
  const model = await (await import(pathToFileURL(path.join(folder, "model/model.js")))).load();
  const from = performance.now();
  const frames = await probabilities(model, samples);
  const ms = performance.now() - from;
  const segments = segmentsOf(frames, duration);
  if (values.json) return console.log(JSON.stringify({ segments, duration, ms }, null, 1));
  for (const { start, end } of segments) console.log(`${start.toFixed(2)} - ${end.toFixed(2)} s`);
  console.log(`\n${segments.length} stretches of speech in ${duration.toFixed(1)} s; ${frames.length} frames in ${ms.toFixed(0)} ms, ${(1000 * duration / ms).toFixed(0)} times as fast as it plays`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main().catch((error) => {
    console.error(`mark: ${error.message}`);
    process.exitCode = 1;
  });
