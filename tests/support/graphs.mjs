// Random graphs, compiled with and without passes for every variant, beside the evaluator: what tests/node/graphs.test.mjs and
// tools/fuzz-graphs share. The tool graph_fuzz (tests/support/graph_fuzz.cpp) makes the cases.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import { VARIANTS } from "./models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "./runtime.mjs";

const TOOL = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release", "tests/graph_fuzz");
/** Operations that no random graph has, with the reason. */
export const NEVER = {
  state: "the reference goes from node to node, once each: loops are in tests/compile/loops_test.cpp",
  last: "as state",
};

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const variants = VARIANTS.filter((each) => supportedVariants().includes(each));

const ARRAYS = {
  f64: Float64Array, f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i64: BigInt64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array,
  u64: BigUint64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, boolean: Uint8Array,
};
const word = new DataView(new ArrayBuffer(4));
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
function brain(bits) {
  word.setUint32(0, bits * 65536);
  return word.getFloat32(0);
}
const NUMBERS = { f16: half, bf16: brain };

const agrees = (got, wanted, bound) => Number.isNaN(bound) || got === wanted || (Number.isNaN(got) && Number.isNaN(wanted)) || Math.abs(got - wanted) <= bound;

/** What is wrong with a case's bundles, or "". `totals` counts elements: compared, and left out since rounding decides them. */
export async function check(folder, totals) {
  const bytes = readFileSync(path.join(folder, "case.bin"));
  const part = (kind, [at, size]) => new kind(Uint8Array.from(bytes.subarray(at, at + size)).buffer);
  const runs = JSON.parse(readFileSync(path.join(folder, "case.json"), "utf8"));
  for (const passes of ["on", "off"])
    for (const variant of variants) {
      const where = `passes ${passes}, ${variant}`;
      let model;
      try {
        model = await load(pathToFileURL(path.join(folder, passes) + path.sep), { variant });
        for (const { inputs, outputs } of runs) {
          const results = await model.run(Object.fromEntries(inputs.map(({ name, dtype, shape, data }) => [name, { data: part(ARRAYS[dtype], data), shape }])));
          for (const { name, dtype, shape, values, bounds } of outputs) {
            const got = Array.from(results[name], NUMBERS[dtype] ?? Number), wanted = part(Float64Array, values), bound = part(Float64Array, bounds);
            if (got.length !== wanted.length) return `${where}: "${name}" has ${got.length} elements instead of ${wanted.length}`;
            const wrong = got.findIndex((x, i) => !agrees(x, wanted[i], bound[i]));
            if (wrong >= 0) return `${where}: "${name}" [${shape}] at ${wrong}: ${got[wrong]} instead of ${wanted[wrong]}, bound ${bound[wrong]}`;
            const left = bound.filter(Number.isNaN).length;
            totals.left = (totals.left ?? 0) + left;
            totals.compared = (totals.compared ?? 0) + got.length - left;
          }
        }
      } catch (error) {
        return `${where}: ${error.message}`;
      } finally {
        model?.dispose();
      }
    }
  return "";
}

const tool = (...args) => spawnSync(TOOL, args, { encoding: "utf8", maxBuffer: 1 << 26 });

/** What is wrong with a graph's text, compiled and run, or "". */
export async function checkText(file, seed, totals = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-graph-"));
  try {
    const { status, signal, stdout, stderr } = tool("case", file, String(seed), folder);
    if (status === null && signal === null) throw new Error(`${TOOL} did not run: build the target graph_fuzz`);
    if (status !== 0) return `${stdout.trim() || signal} ${stderr.trim().slice(0, 2000)}`.trim();
    return await check(folder, totals);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A failure without its numbers and names: a smaller graph may fail in another way, which is another failure. */
const kindOf = (wrong) => wrong.replace(/"[^"]*"/g, "").replace(/-?\d[\d.e+-]*/g, "#").replace(/\[[#,]*\]/g, "");

/** The text of a smaller graph that fails in the same way. */
async function shrunk(text, seed, wrong, seconds = 60) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-shrink-")), file = path.join(folder, "graph.txt"), candidate = path.join(folder, "smaller.txt");
  const end = Date.now() + 1000 * seconds;
  try {
    writeFileSync(file, text);
    for (let index = 0; Date.now() < end; ++index) {
      const { status, stdout } = tool("reduce", file, String(index));
      if (status !== 0) break;
      if (!stdout.includes("output ")) continue;
      writeFileSync(candidate, stdout);
      if (kindOf(await checkText(candidate, seed)) !== kindOf(wrong)) continue;
      writeFileSync(file, stdout);
      index = -1;
    }
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Random graphs of the seeds from `first` on, until `count` are done or `seconds` are over. Returns failures (with the graph, made as small as
 * it still fails), the number of graphs, and how often each operation was in one.
 */
export async function fuzz({ first, count = Infinity, seconds = Infinity, shrink = true }) {
  const end = Date.now() + 1000 * seconds, ops = {}, totals = {}, failures = [];
  let graphs = 0, symbolic = 0, seed = first;
  const fail = async (at, what, folder) => {
    const text = readFileSync(path.join(folder, String(at), "graph.txt"), "utf8");
    failures.push(`${what.startsWith("seed") ? what : `seed ${at}: ${what}`}\n${shrink ? await shrunk(text, at, what) : text}`);
  };
  while (seed < first + count && Date.now() < end) {
    const folder = mkdtempSync(path.join(tmpdir(), "weft-graphs-"));
    try {
      const many = Math.min(20, first + count - seed);
      const { stdout, stderr, status, signal } = tool("make", String(seed), String(many), folder + path.sep);
      if (status === null && signal === null) throw new Error(`${TOOL} did not run: build the target graph_fuzz`);
      const refused = new Map(Array.from(stdout.matchAll(/^seed (\d+): (.*)/gm), ([, at, what]) => [Number(at), what]));
      for (const [at, what] of refused) await fail(at, `seed ${at}: ${what} ${what.endsWith("aborted") ? stderr.trim().slice(0, 2000) : ""}`.trim(), folder);
      const done = /^done: (\d+) graphs, (\d+) symbolic.*; with(.*)/m.exec(stdout);
      for (const [, op, times] of (done?.[3] ?? "").matchAll(/(\w+) (\d+)/g)) ops[op] = (ops[op] ?? 0) + Number(times);
      graphs += Number(done?.[1] ?? 0);
      symbolic += Number(done?.[2] ?? 0);
      for (const name of readdirSync(folder).map(Number).sort((a, b) => a - b)) {
        if (refused.has(name)) continue;
        const wrong = await check(path.join(folder, String(name)), totals);
        if (wrong !== "") await fail(name, wrong, folder);
      }
      // After one that aborts the tool goes on with the next.
      seed = done ? seed + many : Math.max(seed, ...refused.keys()) + 1;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return { failures, graphs, symbolic, ops, totals, next: seed };
}
