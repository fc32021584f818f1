// bench/wasi_nn.mjs [--models LIST] [--rounds N] [--seconds N] [--json]: what wasi-nn costs. A program that calls it (set_input, compute, get_output) beside one that runs
// the same bundle directly: natively (`weft wasi` beside libweft) and in Node (weft/wasi-nn beside the web runtime). "component": the program as a component, composed with
// one that has the model in it (weft compile --emit component), on Wasmtime, which knows nothing of wasi-nn. Both live at once and compute in turns, so that what
// the machine does meets both; who begins alternates. Prints the medians, the median of the rounds' ratios, and the quartiles of these.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { ADAPTER, compileC } from "../tests/wasi-nn/build.mjs";
import * as component from "../tests/wasi-nn/component.mjs";
import { compile, compiler } from "./compile.mjs";
import { median, ROOT, table } from "./sizes.mjs";

const { values: options } = parseArgs({ options: {
  models: { type: "string", default: "ppocr-cls,ppocr-rec,squeezenet" }, rounds: { type: "string", default: "30" }, seconds: { type: "string", default: "20" }, json: { type: "boolean" } } });
const OUT = path.join(ROOT, "build/bench/wasi-nn");
const LIMIT = 1.05;
const ROUND_MS = 100;

/** A program that answers a number of runs with the nanoseconds of each. */
class Runner {
  #process;
  #lines;
  constructor(file, args) {
    this.#process = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.name = `${path.basename(file)} ${args[0]}`;
  }
  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended`);
    return value;
  }
  ready = () => this.#line();
  async run(count) {
    this.#process.stdin.write(`${count}\n`);
    return (await this.#line()).trim().split(" ").map((ns) => Number(ns) / 1e6);
  }
  close = () => this.#process.stdin.end();
}

/** A quarter of the values lie below the first, a quarter above the second. */
function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[Math.floor((sorted.length - 1) / 4)], sorted[Math.ceil(((sorted.length - 1) * 3) / 4)]];
}

async function measure(direct, guest) {
  await Promise.all([direct.ready(), guest.ready()]);
  // Until engines have their best code in place: a quarter of the time, and at least ten runs.
  const end = performance.now() + 1000 * Number(options.seconds);
  const warm = performance.now() + 250 * Number(options.seconds);
  let last;
  for (let i = 0; i < 10 || performance.now() < warm; ++i) {
    [last] = await direct.run(1);
    await guest.run(1);
  }
  const count = Math.max(1, Math.round(ROUND_MS / last));
  const rounds = [];
  for (let i = 0; rounds.length < Number(options.rounds) && (rounds.length < 5 || performance.now() < end); ++i) {
    const times = {};
    for (const [name, runner] of i % 2 === 0 ? [["direct", direct], ["guest", guest]] : [["guest", guest], ["direct", direct]]) times[name] = median(await runner.run(count));
    rounds.push(times);
  }
  const ratios = rounds.map(({ direct, guest }) => guest / direct);
  return { directMs: median(rounds.map(({ direct }) => direct)), guestMs: median(rounds.map(({ guest }) => guest)), ratio: median(ratios), quartiles: quartiles(ratios), rounds: rounds.length, runs: count };
}

mkdirSync(OUT, { recursive: true });
const here = path.join(ROOT, "bench/wasi_nn");
const guestFile = path.join(OUT, "guest.wasm"), directFile = path.join(OUT, "direct");
compileC(path.join(here, "guest.c"), guestFile);
const library = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release");
if (!existsSync(path.join(library, "libweft.so"))) throw new Error(`there is no libweft.so in ${library}: make build`);
execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-Werror", path.join(here, "direct.c"), `-I${path.join(ROOT, "runtimes/native/include")}`, `-L${library}`, "-lweft", `-Wl,-rpath,${library}`, "-o", directFile]);

const partsMissing = component.unavailable() ?? (existsSync(path.join(ROOT, "build/wasm/weft-component.wasm")) ? undefined : "there is no build/wasm/weft-component.wasm: make component-host");
if (partsMissing !== undefined) console.error(`without components: ${partsMissing}`);
else execFileSync(path.join(ROOT, "tools/build-adapter"), { stdio: "ignore" });

/** The program with the model in it, as one component. */
function composed(modelFile, shape, folder) {
  compile(modelFile, folder, { shapes: shape, variants: ["relaxed"], more: ["--emit", "component"] });
  const program = component.componentize(readFileSync(guestFile), { world: undefined, more: { wasi_ephemeral_nn: readFileSync(ADAPTER) } });
  const file = path.join(folder, "program.wasm");
  writeFileSync(file, component.compose(program, readFileSync(path.join(folder, "model.component.wasm"))));
  return file;
}

const results = [];
for (const model of options.models.split(",")) {
  const folder = path.join(ROOT, "build/models", model), bundle = path.join(OUT, model);
  const [{ name, shape, file }] = JSON.parse(readFileSync(path.join(folder, "inputs.json"), "utf8"));
  compile(path.join(folder, "model.onnx"), bundle, { shapes: { [name]: shape }, variants: ["relaxed"] });
  const input = path.join(folder, file), dims = shape.map(String);
  const hosts = {
    native: () => [new Runner(directFile, [bundle, input]), new Runner(compiler(), ["wasi", guestFile, `/data/${file}`, ...dims, "--dir", `${folder}::/data`, "--nn-graph", `model=${bundle}`])],
    node: () => [new Runner(process.execPath, [path.join(here, "direct.mjs"), bundle, input]), new Runner(process.execPath, ["--no-warnings", path.join(here, "guest.mjs"), guestFile, bundle, folder, `/data/${file}`, ...dims])],
  };
  if (partsMissing === undefined) {
    const program = composed(path.join(folder, "model.onnx"), { [name]: shape }, `${bundle}-component`);
    hosts.component = () => [new Runner(directFile, [bundle, input]), new Runner(compiler(), ["wasi", "--dir", `${folder}::/data`, program, "--", `/data/${file}`, ...dims])];
  }
  for (const [host, start] of Object.entries(hosts)) {
    const runners = start();
    try {
      results.push({ model, host, ...(await measure(...runners)) });
    } finally {
      for (const runner of runners) runner.close();
    }
  }
}
if (options.json) console.log(JSON.stringify(results, null, 2));
else {
  console.log(table([["model", "host", "directly", "by wasi-nn", "ratio", "half of the rounds", ""], ...results.map(({ model, host, directMs, guestMs, ratio, quartiles: [from, to], rounds, runs }) =>
    [model, host, `${directMs.toFixed(2)} ms`, `${guestMs.toFixed(2)} ms`, ratio.toFixed(3), `${from.toFixed(3)} to ${to.toFixed(3)}`, `${rounds} rounds of ${runs} runs`])]));
  const missed = results.filter(({ ratio }) => ratio > LIMIT);
  console.log(missed.length === 0 ? `PASS: at most ${LIMIT} everywhere` : `FAIL: more than ${LIMIT}: ${missed.map(({ model, host }) => `${model} (${host})`).join(", ")}`);
}
