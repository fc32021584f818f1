// The command line of bench/run.mjs.
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { BROWSERS } from "./browser.mjs";
import { PEERS } from "./node.mjs";
import { ROOT } from "./sizes.mjs";

export const TOLERANCE = 1e-4;
export const VARIANTS = ["scalar", "simd128", "relaxed"];
const tableOf = (name) => JSON.parse(readFileSync(path.join(ROOT, `tests/models/${name}.json`), "utf8"));
/** Models with open extents are measured at their first case: compiled for that alone, and as NAME-symbolic for all that their ranges allow. */
export const symbolic = tableOf("symbolic");
const SYMBOLIC = "-symbolic";
export const known = {
  ...tableOf("models"), ...symbolic, ...Object.fromEntries(Object.entries(symbolic).filter(([, { dims }]) => dims).map(([name, entry]) => [name + SYMBOLIC, entry])),
};
/** {base, ranges}: whose model it is, and whether it is compiled for ranges. */
export const splitName = (name) => (name.endsWith(SYMBOLIC) ? { base: name.slice(0, -SYMBOLIC.length), ranges: true } : { base: name, ranges: false });

/** Named sets of models; with `bars` (bench/bars.mjs), they are printed and the variants are theirs. */
const SETS = {
  default: { models: Object.keys(known).filter((name) => known[name].default) },
  twelve: {
    models: ["alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512", "ppocr-det", "ppocr-rec", "ppocr-cls"],
    variants: ["relaxed", "simd128"], peers: ["onnxruntime-web"], bars: true,
  },
  new: { models: Object.keys(known).filter((name) => Object.hasOwn(symbolic, splitName(name).base)), variants: ["relaxed", "simd128"], peers: ["onnxruntime-web"] },
};
const ENGINES = ["node", ...Object.keys(BROWSERS)];
const LATER = ["jsc", "wasmtime"];

const HELP = `usage: node bench/run.mjs [OPTIONS]        make bench ARGS="OPTIONS"

  --models LIST      names of tests/models/*.json, paths of .onnx files, or a set: ${Object.keys(SETS).join(", ")} [default]
                     twelve: the CNNs that have bars, which are printed as PASS or FAIL
                     new: models with open extents (tests/models/symbolic.json), at their first case: for it alone, and NAME-symbolic for all
  --shape X=1x3x9x9  shape of an input of the .onnx files; may be repeated
  --variants LIST    ${VARIANTS.join(", ")} [the best that the engine runs; of twelve and new: relaxed,simd128]
  --threads N        [1]
  --engine LIST      ${ENGINES.join(", ")}, all: those that are installed [node]
  --peer LIST        ${PEERS.join(", ")} [both; in browsers and of twelve and new the first]
  --samples N        most pairs per row [50]
  --warmup N         least runs of each before that; there are more until neither gets faster [5]
  --cold N           most fresh starts of each, 0 for none [3]
  --seconds N        warm-up and pairs of a row end after N seconds, and so do its fresh starts, once there are 3 pairs and 1 start [10]
  --check            exit code 1 when a bar is missed
  --json             print what is written, and no table
  --output FILE      [bench/results/latest.json]

Before anything is timed the outputs must agree within ${TOLERANCE} of the largest reference value; a row that does not, or that fails in
another way, is printed with the reason, and the exit code is 1. Every measurement has a process of its own.
ratio is the median over the pairs of peer / weft: above 1, weft is faster; best is the quotient of the fastest runs, which differs where the
machine was not quiet. Cold start is from nothing loaded to the first result.
Memory is linear memory, and for onnxruntime-node the growth of the process.

  make bench ARGS="--models squeezenet --variants simd128 --peer onnxruntime-web --samples 5 --cold 0"
  make bench ARGS="--models twelve --engine all --check"
  make bench ARGS="--models my.onnx --shape image=1x3x224x224"`;

export class UsageError extends Error {}
export const refuse = (message) => {
  throw new UsageError(message);
};
const list = (text) => text.split(",").filter(Boolean);

function parse() {
  const text = { type: "string" }, flag = { type: "boolean" };
  try {
    return parseArgs({
      options: {
        models: text, model: text, variants: text, variant: text, threads: text, engine: text, peer: text, device: text,
        shape: { type: "string", multiple: true }, samples: text, warmup: text, cold: text, seconds: text, output: text,
        check: flag, json: flag, help: flag,
      },
    }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

/** {engines, skipped: {engine: why}}: those asked for must be there, of `all` those that are. */
function chooseEngines(asked) {
  if (asked === "all") {
    const skipped = Object.fromEntries(ENGINES.map((name) => [name, BROWSERS[name]?.missing()]).filter(([, why]) => why));
    return { engines: ENGINES.filter((name) => !(name in skipped)), skipped };
  }
  for (const engine of list(asked)) {
    if (LATER.includes(engine)) refuse(`engine ${engine} is not supported yet; there are ${ENGINES.join(", ")}`);
    if (!ENGINES.includes(engine)) refuse(`no engine is called ${engine}; there are ${ENGINES.join(", ")}`);
    const why = BROWSERS[engine]?.missing();
    if (why) refuse(why);
  }
  return { engines: list(asked), skipped: {} };
}

function chooseModels(text) {
  const names = list(text ?? "default");
  const sets = names.filter((name) => Object.hasOwn(SETS, name)).map((name) => SETS[name]);
  const models = [...new Set(names.flatMap((name) => (Object.hasOwn(SETS, name) ? SETS[name].models : [name])))];
  for (const model of models)
    if (!Object.hasOwn(known, model) && !/\.onnx$/i.test(model)) refuse(`no model is called ${model}; there are ${Object.keys(known).join(", ")}, the sets ${Object.keys(SETS).join(", ")}, and any .onnx file`);
  return { models, set: sets.length === 1 && names.length === 1 ? sets[0] : {} };
}

/** A peer that no chosen engine can run is refused; one that only Node runs is left out elsewhere. */
function choosePeers(text, engines, set) {
  const peers = text ? list(text) : set.peers ?? PEERS;
  for (const peer of peers) {
    if (!PEERS.includes(peer)) refuse(`no peer is called ${peer}; there are ${PEERS.join(", ")}`);
    for (const engine of engines) if (text && engine !== "node" && peer !== "onnxruntime-web") refuse(`${peer} does not run in ${engine}`);
  }
  return peers;
}

export function options() {
  const values = parse();
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const count = (name, fallback, lowest) => {
    const value = Number(values[name] ?? fallback);
    return Number.isInteger(value) && value >= lowest ? value : refuse(`--${name} ${values[name]} is no number from ${lowest}`);
  };
  const { engines, skipped } = chooseEngines(values.engine ?? "node");
  if ((values.device ?? "wasm") !== "wasm") refuse(`device ${values.device} is not supported yet; there is wasm`);
  const threads = count("threads", 1, 1);
  if (threads > 1) refuse("weft runs on one thread as yet: --threads 1");
  const { models, set } = chooseModels(values.models ?? values.model);
  const given = values.variants ?? values.variant;
  const variants = given ? list(given) : set.variants;
  for (const variant of variants ?? []) if (!VARIANTS.includes(variant)) refuse(`no variant is called ${variant}; there are ${VARIANTS.join(", ")}`);
  const shapes = Object.fromEntries((values.shape ?? []).map((text) => {
    const [, name, dims] = /^(.+)=(\d+(?:x\d+)*)$/.exec(text) ?? refuse(`--shape ${text} is not NAME=AxBxC`);
    return [name, dims.split("x").map(Number)];
  }));
  return {
    engines, skipped, threads, variants, peers: choosePeers(values.peer, engines, set), shapes, models, bars: set.bars ?? false,
    samples: count("samples", 50, 1), warmup: count("warmup", 5, 1), cold: count("cold", 3, 0), seconds: count("seconds", 10, 1),
    check: values.check ?? false, json: values.json ?? false, output: path.resolve(values.output ?? path.join(ROOT, "bench/results/latest.json")),
  };
}
