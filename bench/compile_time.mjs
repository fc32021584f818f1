// make bench-compile: how long the native compiler takes from a model's bytes in memory to the bundle's bytes in memory, and where the
// time goes: by layer and by the function of a layer that src/compile calls. --help tells the options.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { formatBytes, median, ROOT, table } from "./sizes.mjs";

const HELP = `usage: node bench/compile_time.mjs [OPTIONS]        make bench-compile ARGS="OPTIONS"

  --models LIST    names of tests/models/models.json [resnet50]
  --variants LIST  [simd128,relaxed, the default of weft compile]
  --runs N         [5]
  --functions N    of the table [15]
  --check          exit code 1 when the bar is missed
  --json           everything, for scripts

The bar is the fastest run, because a run is long and the machine is not always quiet; the median stands beside it. Shares are of samples
of the call stack in further runs. "copy" is the copying of weights into the bundle, which weft does while it writes the files.`;

const BAR = { model: "resnet50", ms: 300 };
/** Namespaces that are not called like their folder. */
const FOLDERS = { onnx: "frontends/onnx", wasm: "targets/wasm" };

/** A function of an address -> the demangled name of the function there, or null. */
function symbolsOf(program) {
  const lines = execFileSync("nm", ["-C", "-n", "--defined-only", program], { encoding: "utf8", maxBuffer: 1 << 28 }).split("\n");
  const symbols = lines.map((line) => /^([0-9a-f]+) [tTwW] (.*)$/.exec(line)).filter(Boolean).map(([, address, name]) => [parseInt(address, 16), name]);
  return (address) => {
    let low = 0, high = symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (symbols[middle][0] <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 || address - symbols[low - 1][0] > 1 << 20 ? null : symbols[low - 1][1];
  };
}

/** "weft::plan::(anonymous namespace)::f(int)::{lambda…}" -> {layer: "plan", name: "plan::f"}; null for what is not of weft. */
function inWeft(symbol) {
  // Templates have their result type in front.
  const parts = /^(?:[\w:&*]+ )?weft::(\w+)::(~?\w+(?:::~?\w+)*)/.exec(symbol?.replaceAll("(anonymous namespace)::", "") ?? "");
  if (!parts) return null;
  const [, layer, name] = parts;
  return { layer: FOLDERS[layer] ?? layer, name: `${layer}::${name}` };
}

/** The outermost function outside of compile/ tells which stage a sample is in. */
function stageOf(stack, symbolOf) {
  let inCompile = null;
  // All but the innermost are return addresses.
  for (let i = stack.length - 1; i >= 0; --i) {
    const found = inWeft(symbolOf(stack[i] - (i > 0 ? 1 : 0)));
    if (found && found.layer !== "compile") return found;
    if (found) inCompile = found;
  }
  return inCompile ?? { layer: "other", name: "other" };
}

function shares(samples, symbolOf, by) {
  const counts = new Map();
  let total = 0;
  for (const { count, stack } of samples) {
    const key = stageOf(stack, symbolOf)[by];
    counts.set(key, (counts.get(key) ?? 0) + count);
    total += count;
  }
  return [...counts].map(([name, count]) => ({ name, share: count / total })).sort((a, b) => b.share - a.share);
}

function measure(program, model, { variants, runs }) {
  const folder = path.join(ROOT, "build/models", model);
  if (!existsSync(path.join(folder, ".recipe"))) execFileSync(path.join(ROOT, "tools/models"), [model], { stdio: ["ignore", 2, 2] });
  const shapes = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8")).map(({ name, shape }) => `${name}=${shape.join("x")}`);
  const lines = execFileSync(program, [path.join(folder, "model.onnx"), variants, String(runs), ...shapes], { encoding: "utf8", maxBuffer: 1 << 28 }).trim().split("\n").map((line) => line.split(" "));
  const timed = lines.filter(([kind]) => kind === "run").map(([, compile, copy, bytes]) => ({ compile: Number(compile), copy: Number(copy), bytes: Number(bytes) }));
  const samples = lines.filter(([kind]) => kind === "sample").map(([, count, ...stack]) => ({ count: Number(count), stack: stack.map((pc) => parseInt(pc, 16)) }));
  const symbolOf = symbolsOf(program);
  const total = timed.map(({ compile, copy }) => compile + copy);
  const fastest = timed[total.indexOf(Math.min(...total))];
  return { model, variants, ms: Math.min(...total), medianMs: median(total), compileMs: fastest.compile, copyMs: fastest.copy, bundleBytes: fastest.bytes, layers: shares(samples, symbolOf, "layer"), functions: shares(samples, symbolOf, "name") };
}

function print({ model, variants, ms, medianMs, compileMs, copyMs, bundleBytes, layers, functions }, most) {
  console.log(`${model}, ${variants}: ${ms.toFixed(0)} ms (median ${medianMs.toFixed(0)}): compile ${compileMs.toFixed(0)}, copy ${copyMs.toFixed(0)}, to ${formatBytes(bundleBytes)}`);
  const lines = (rows) => table(rows.map(({ name, share }) => ["  " + name, `${(share * compileMs).toFixed(1)} ms`, `${(100 * share).toFixed(1)} %`]));
  console.log(`${lines(layers)}\n\n${lines(functions.slice(0, most))}\n`);
}

const { values } = parseArgs({
  options: {
    models: { type: "string", default: BAR.model }, variants: { type: "string", default: "simd128,relaxed" }, runs: { type: "string", default: "5" },
    functions: { type: "string", default: "15" }, check: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const program = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release", "bench/bench_compile");
  const results = values.models.split(",").map((model) => measure(program, model, values));
  const held = results.find(({ model }) => model === BAR.model);
  const bars = held ? [{ pass: held.ms <= BAR.ms, text: `${BAR.model} compiles in ${held.ms.toFixed(0)} ms (at most ${BAR.ms})` }] : [];
  if (values.json) console.log(JSON.stringify({ results, bars }, null, 1));
  else for (const result of results) print(result, Number(values.functions));
  if (!values.json) for (const { pass, text } of bars) console.log(`${pass ? "PASS" : "FAIL"}  ${text}`);
  process.exitCode = values.check && bars.some(({ pass }) => !pass) ? 1 : 0;
}
