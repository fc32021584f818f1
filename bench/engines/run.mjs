// make engines: one bundle in every engine: the variant it takes, whether its results are those of Node 24 bit for bit, and its time by Node 24's.
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compile } from "../compile.mjs";
import { known } from "../options.mjs";
import { median, ROOT, table } from "../sizes.mjs";
import { ENGINES } from "./engines.mjs";

const USAGE = `usage: make engines ARGS="[options]"
  --models LIST      ppocr-cls,squeezenet by default
  --engines LIST     ${ENGINES.map(({ name }) => name).join(", ")} [all]
  --runs N           timed runs of each [30]
  --rounds N         processes of each engine, in turns; the median counts [3]
  --json             for scripts
`;
const VARIANTS = ["scalar", "simd128", "relaxed"];
/** Relaxed SIMD may round differently: of the largest value. */
const TOLERANCE = 1e-5;

const { values } = parseArgs({ options: { models: { type: "string" }, engines: { type: "string" }, runs: { type: "string" }, rounds: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } } });
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const SHAPES = { "ppocr-cls": { x: [1, 3, 48, 192] }, "ppocr-rec": { x: [1, 3, 48, 320] }, "ppocr-det": { x: [1, 3, 320, 320] } };
const models = (values.models ?? "ppocr-cls,squeezenet").split(",");
const wanted = values.engines?.split(",");
for (const name of [...(wanted ?? []).filter((name) => !ENGINES.some((engine) => engine.name === name)), ...models.filter((name) => !Object.hasOwn(known, name))]) {
  console.error(`engines: nothing is called ${name}\n${USAGE}`);
  process.exit(2);
}

const floats = (bits) => bits.map((words) => new Float32Array(Uint32Array.from(words).buffer));
/** The largest difference, by the largest value. */
function difference(bits, reference) {
  const [a, b] = [floats(bits).flatMap((y) => Array.from(y)), floats(reference).flatMap((y) => Array.from(y))];
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...b.map(Math.abs));
}
function judge(variant, got, reference) {
  if (got.error !== undefined) return { ok: false, text: got.error };
  if (JSON.stringify(got.bits) === JSON.stringify(reference.bits)) return { ok: true, text: "the same bits" };
  const off = difference(got.bits, reference.bits);
  return { ok: variant === "relaxed" && off <= TOLERANCE, text: `differs by ${off.toExponential(1)}` };
}

buildRuntime();
const rows = [];
let failed = false;
const rounds = Number(values.rounds ?? 3);
for (const name of models) {
  const bundle = path.join(ROOT, "build/engines", name);
  const model = path.join(ROOT, "build/models", name, "model.onnx");
  if (!existsSync(model)) throw new Error(`there is no ${model}: run tools/models ${name}`);
  const manifest = compile(model, bundle, { shapes: SHAPES[name] ?? {}, variants: VARIANTS });
  const task = { bundle, variants: VARIANTS, runs: Number(values.runs ?? 30), warmup: 20, files: manifest.variants.map(({ file }) => file) };
  const found = new Map();
  for (let round = 0; round < rounds; ++round)
    for (const engine of ENGINES) {
      if (round > 0 && !(found.get(engine)?.times.length > 0)) continue;
      if (wanted && !wanted.includes(engine.name) && engine !== ENGINES[0]) continue;
      const why = engine.missing();
      if (why !== null) {
        found.set(engine, { why, times: [] });
        continue;
      }
      try {
        const result = await engine.run(task);
        const times = [...(found.get(engine)?.times ?? []), result.ms];
        found.set(engine, { ...result, times });
        console.error(`${name}, ${engine.name}: ${result.chosen}, ${result.ms.toFixed(2)} ms`);
      } catch (error) {
        found.set(engine, { why: error.message.slice(0, 2000), times: [] });
      }
    }
  const reference = found.get(ENGINES[0]);
  if (reference.why) throw new Error(reference.why);
  for (const [engine, result] of found) {
    if (result.why !== undefined) {
      failed = true;
      rows.push({ model: name, engine: engine.name, error: result.why });
      continue;
    }
    const runnable = Object.entries(result.variants).filter(([, { error }]) => !/^(variant|unsupported):/.test(error ?? ""));
    const judged = Object.fromEntries(runnable.map(([variant, got]) => [variant, judge(variant, got, reference.variants[variant])]));
    if (Object.values(judged).some(({ ok }) => !ok)) failed = true;
    const ms = median(result.times);
    rows.push({ model: name, engine: engine.name, version: engine.version(), chosen: result.chosen, reason: result.reason, results: judged, ms, ratio: ms / median(reference.times) });
  }
}
if (values.json) console.log(JSON.stringify(rows, null, 1));
else
  console.log(table([["model", "engine", "version", "takes", ...VARIANTS, "ms", "by Node 24's"], ...rows.map((row) =>
    row.error ? [row.model, row.engine, "failed:", row.error.split("\n")[0]] : [row.model, row.engine, row.version, row.chosen, ...VARIANTS.map((variant) => row.results[variant]?.text ?? "not there"), row.ms.toFixed(2), row.ratio.toFixed(2)])]));
process.exitCode = failed ? 1 : 0;
