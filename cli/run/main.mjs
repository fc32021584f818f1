// What Node runs for `weft run`: task.json beside this file says what to do.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { bench, benchTable } from "./bench.mjs";
import { RunError, report } from "./errors.mjs";
import { makeProfile, median, openProbe, timeRuns } from "./measure.mjs";
import { profileTable, profileTrace, resultLines } from "./report.mjs";
import { arrayOf, elementsOf, fileNames, fileOf, readInputs, summarize } from "./tensors.mjs";
import { verify } from "./verify.mjs";

const here = new URL("./", import.meta.url);
const task = JSON.parse(readFileSync(new URL("task.json", here), "utf8"));
const engine = { name: "node", version: process.versions.node, v8: process.versions.v8 };

async function runtime() {
  if (typeof process.getBuiltinModule !== "function")
    throw new RunError("engine", `Node ${engine.version} is too old: 20.16 or later is needed; name another with --engine node:PATH or WEFT_NODE`);
  return import("./weft.mjs");
}

async function open(variant = task.variant) {
  const { load } = await runtime();
  return load(pathToFileURL(task.bundle + path.sep), { variant, int64: "bigint" });
}

/** What the bundle says of the statements of the variant that runs. */
function statementInfos(variant) {
  const manifest = JSON.parse(readFileSync(path.join(task.bundle, "model.json"), "utf8"));
  return manifest.variants.find(({ name }) => name === variant)?.profile;
}

/** {profile, runs, outputs}. */
async function measure(model, inputs) {
  if (!task.profile) {
    const runs = await timeRuns(model, inputs, task);
    return { runs, outputs: runs.whole.at(-1).outputs };
  }
  const probe = await openProbe(here, task.probes[model.info.variant]);
  const before = probe.measure();
  const runs = await timeRuns(model, inputs, task);
  const peaks = { name: probe.name, before, after: probe.measure() };
  return { runs, outputs: runs.whole.at(-1).outputs, profile: makeProfile(runs, statementInfos(model.info.variant), peaks) };
}

/** An output with the shape that this run gave it. */
const shaped = (port, outputs) => ({ ...port, shape: outputs[port.name].shape });

function writeOutputs(infos, outputs) {
  mkdirSync(task.output, { recursive: true });
  const names = fileNames(infos);
  infos.forEach((info, i) => writeFileSync(path.join(task.output, names[i]), fileOf(shaped(info, outputs), outputs[info.name])));
  return names.map((name) => path.join(task.output, name));
}

function describe({ info }, { runs, outputs }) {
  const files = task.output ? writeOutputs(info.outputs, outputs) : [];
  const times = runs.whole.map(({ ms }) => ms);
  return {
    model: info.name, variant: info.variant, variantReason: info.variantReason, engine, repeat: task.repeat, warmup: task.warmup,
    run: { minMs: Math.min(...times), medianMs: median(times) },
    outputs: info.outputs.map((port, i) => ({ ...summarize(shaped(port, outputs), outputs[port.name]), ...(files.length ? { file: files[i] } : {}) })),
  };
}

const text = (value) => JSON.stringify(value, null, 1) + "\n";

/** The profile in the form that was asked for. */
function profileText({ model, variant, engine: on, repeat, warmup }, { runs, profile }) {
  if (task.profile === "trace") return JSON.stringify(profileTrace(profile, runs, `${model} (${variant})`)) + "\n";
  if (task.profile === "json") return text({ model, variant, engine: on, repeat, warmup, ...profile });
  return profileTable(profile, { described: profile.statements.some(({ flops }) => flops !== undefined) });
}

/** Everything that goes to the standard output. */
function print(result, measured) {
  const { profile } = measured;
  const toFile = profile !== undefined && task.profileOutput !== "";
  if (toFile) writeFileSync(task.profileOutput, profileText(result, measured));
  if (task.json) return text(profile && !toFile ? { ...result, profile } : result);
  if (!profile) return resultLines(result);
  if (toFile) return `${resultLines(result)}profile: ${task.profileOutput}\n`;
  return task.profile === "table" ? `${resultLines(result)}\n${profileText(result, measured)}` : profileText(result, measured);
}

/** Progress is for people: on a terminal, one line that is overwritten. */
const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text && `measuring: ${text}…`}`);

function benchmark(model, inputs) {
  const { info } = model;
  model.dispose();
  if ([...info.inputs, ...info.outputs].some(({ dtype }) => dtype === "string")) throw new RunError("unsupported", "weft bench has no models with strings");
  const result = bench(task, info, info.inputs.map((port) => ({ ...port, shape: inputs[port.name].shape ?? port.shape, data: elementsOf(inputs[port.name]) })), say);
  say("");
  process.stdout.write(task.json ? text({ ...result, engine }) : benchTable(result));
  if (result.agrees === false) process.exitCode = 1;
}

async function main() {
  if (task.verify) return verify(task, here, (await runtime()).supportedVariants(), open, arrayOf);
  const model = await open();
  const inputs = readInputs(model.info.inputs, task.inputs);
  if (task.bench) return benchmark(model, inputs);
  const measured = await measure(model, inputs);
  process.stdout.write(print(describe(model, measured), measured));
}

try {
  await main();
} catch (error) {
  process.exitCode = report(error, task);
}
