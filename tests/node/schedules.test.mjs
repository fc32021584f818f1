// Small graphs with awkward extents under schedules, in the evaluator and in the engine: random schedules of single stages (every
// kind of step and tail), and the default rules of every machine over whole programs. The tool (target schedules_to_wasm of
// $WEFT_BUILD, default build/release) makes the cases, checks them in the evaluator and writes modules and memories.
//   WEFT_SCHEDULES=20000   random schedules; WEFT_DEFAULTS=2000: graphs under default rules; WEFT_SEED=7: the first seed
// A failure names its seed: `schedules_to_wasm show SEED` prints the case, WEFT_SEED=SEED WEFT_SCHEDULES=1 repeats it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";

import { check } from "../support/kernels.mjs";
import { ROOT } from "../support/runtime.mjs";
import { hasRelaxedSimd } from "../support/validate.mjs";

const TOOL = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release", "tests/schedules_to_wasm");
const VARIANTS = hasRelaxedSimd ? ["scalar", "simd128", "relaxed"] : ["scalar", "simd128"];
const FIRST = Number(process.env.WEFT_SEED ?? 0);
const BATCH = 250;
// Where muladd rounds once, sums of a hundred products of numbers up to 2 differ by this much.
const tolerance = (variant) => (variant === "relaxed" ? 1e-4 : 0);

/** Lets the tool make `count` cases and gives [seed, variant, module file, tasks file] to each; returns what it printed. */
function cases(kind, first, count, visit) {
  const folder = mkdtempSync(path.join(tmpdir(), "weft-schedules-"));
  try {
    const { status, signal, stdout, stderr } = spawnSync(TOOL, [kind, String(first), String(count), folder + path.sep], { encoding: "utf8" });
    if (stdout === null) throw new Error(`${TOOL} did not run: build the target schedules_to_wasm`);
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".wasm")).sort()) {
      const [seed, variant] = name.split(".");
      if (!VARIANTS.includes(variant)) continue;
      const tasks = path.join(folder, kind === "random" ? `${seed}.json` : `${seed}.${variant}.json`);
      visit(seed, variant, path.join(folder, name), tasks);
    }
    const failures = stdout.split("\n").filter((line) => line.startsWith("seed "));
    if (status !== 0 && failures.length === 0) failures.push(`${kind} ${first}: the tool ended with ${status ?? signal}`);
    return { failures: failures.map((line) => (line.endsWith("aborted") ? `${line}: ${stderr.trim()}` : line)), summary: stdout.split("\n").find((line) => line.startsWith("done")) ?? "" };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function matrix(kind, count) {
  const failures = [], totals = {};
  let kernels = 0, unproved = 0;
  for (let first = FIRST; first < FIRST + count; first += BATCH) {
    const { failures: more, summary } = cases(kind, first, Math.min(BATCH, FIRST + count - first), (seed, variant, file, tasks) => {
      const module = new WebAssembly.Module(readFileSync(file));
      for (const task of JSON.parse(readFileSync(tasks, "utf8"))) {
        const wrong = check(module, task, tolerance(variant));
        if (wrong !== "") failures.push(`seed ${seed}, ${variant}, kernel ${task.kernel}: ${wrong}`);
        ++kernels;
      }
    });
    failures.push(...more);
    unproved += Number(/(\d+) (programs )?not proved/.exec(summary)?.[1] ?? 0);
    for (const [, step, times] of summary.replace(/.*; with/, '').matchAll(/([a-z]+) (\d+)/g)) totals[step] = (totals[step] ?? 0) + Number(times);
  }
  return { failures, kernels, totals, unproved };
}

const SCHEDULES = Number(process.env.WEFT_SCHEDULES ?? 2500);
test(`${SCHEDULES} random schedules from seed ${FIRST}`, (t) => {
  const { failures, kernels, totals, unproved } = matrix("random", SCHEDULES);
  t.diagnostic(`${kernels} kernels, ${unproved} not proved to stay inside; steps: ${JSON.stringify(totals)}`);
  assert.deepEqual(failures, []);
  assert.ok(unproved <= SCHEDULES / 100);
  if (SCHEDULES < 1000) return;
  for (const step of ["exact", "peel", "guard", "overlap", "pad", "fuse", "reorder", "unroll", "vectorize", "blocks"])
    assert.ok(totals[step] > SCHEDULES / 50, `hardly any schedule has ${step}`);
});

const DEFAULTS = Number(process.env.WEFT_DEFAULTS ?? 570);
test(`${DEFAULTS} small graphs under the default rules of every machine, from seed ${FIRST}`, (t) => {
  const { failures, kernels, unproved } = matrix("default", DEFAULTS);
  t.diagnostic(`${kernels} kernels; ${unproved} programs not proved to stay inside`);
  assert.deepEqual(failures, []);
  assert.ok(unproved <= DEFAULTS / 100);
  assert.ok(kernels >= DEFAULTS);
});
