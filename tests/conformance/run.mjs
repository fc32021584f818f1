// make conformance: ONNX's own tests of single operators (tests/frontends/node_cases.py), each compiled by weft and run in this Node on every
// variant that it has. Writes build/conformance.json and prints, for each target, what passed, and why the rest did not.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { compiler } from "../../bench/compile.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { CASES, compare, makeCases, readTensor } from "./cases.mjs";
import { supportPage } from "./page.mjs";

const OUT = path.join(ROOT, "build/conformance");
const TARGETS = ["scalar", "simd128", "relaxed"], ALL = ["eval", ...TARGETS, "symbolic"];
/** What passed when this was last raised: a run of all tests with fewer fails. */
const FLOOR = { eval: 1996, scalar: 1997, simd128: 1997, relaxed: 1997, symbolic: 1966 };
const run = promisify(execFile);

const exceptions = new Map(
  readFileSync(path.join(ROOT, "tests/frontends/node_exceptions.txt"), "utf8").split("\n").filter((line) => line && line[0] !== "#")
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
);

/** What the case's structure asks for: lengths and shapes of sequences, optionals without a value. */
const structure = ({ sequences = {}, shapes = {}, absent = [] }) => [
  ...Object.entries(sequences).flatMap(([name, length]) => ["--sequence", `${name}=${length}`]),
  ...Object.entries(shapes).flatMap(([name, shape]) => ["--shape", `${name}=${shape.join("x")}`]),
  ...absent.flatMap((name) => ["--absent", name]),
];

async function compile(model, folder, variants, dims = {}, more = []) {
  try {
    const options = [...Object.entries(dims).flatMap(([name, extent]) => ["--dim", `${name}=${extent}`]), ...more];
    await run(compiler(), ["compile", path.join(CASES, model), "-o", folder, "--variants", variants.join(","), ...options]);
    return "";
  } catch ({ code, stderr, message }) {
    return (typeof code === "number" ? `exit code ${code}: ` : "") + (stderr || message).trim().split("\n")[0].replace(/^weft: \S+: /, "");
  }
}

/** Problems by target; "" is a pass. `open`: whether some input has more than one shape. */
async function test(entry, model, load, supported, targets = TARGETS, dims = entry.symbolic) {
  const folder = path.join(OUT, entry.name);
  const problems = {};
  let refused = await compile(model, folder, targets, dims, structure(entry));
  // Extents that data decides; a loop's body may make no sense beyond those of the case.
  const open = /--bound N for all/.test(refused) ? refused : "";
  for (const bound of [entry.most, entry.most / 2])
    if (open && refused) refused = (await compile(model, folder, targets, dims, [...structure(entry), "--bound", bound])) && open;
  for (const target of targets) {
    if (refused || !supported.includes(target)) {
      problems[target] = refused || "this engine cannot run it";
      continue;
    }
    try {
      const loaded = await load(pathToFileURL(folder + path.sep), { variant: target });
      problems.open = loaded.info.inputs.some(({ dims }) => dims);
      const wanted = new Set(loaded.info.inputs.map(({ name }) => name));
      const feeds = Object.fromEntries(entry.inputs.filter(({ name }) => wanted.has(name)).map((tensor) => [tensor.name, { data: readTensor(tensor), shape: tensor.shape }]));
      const outputs = await loaded.run(feeds);
      problems[target] = entry.outputs.map((tensor) => {
        const port = loaded.info.outputs.find(({ name }) => name === tensor.name);
        return port ? compare(outputs[tensor.name], readTensor(tensor), entry, tensor, outputs[tensor.name].shape) : `there is no output ${tensor.name}`;
      }).find((problem) => problem) ?? "";
      loaded.dispose();
    } catch (error) {
      problems[target] = `${error.code ?? error.name}: ${error.message.split("\n")[0]}`;
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return problems;
}

const FIXED = "the model itself fixes every dimension";

/** The problem when every extent of an input above 1 is a symbolic dimension, from 2 to twice what the case has; and whether none was left open. */
async function testSymbolic(entry, load, supported) {
  let problem = "", isFixed = false;
  for (const kind of ["model", "bound"]) {
    if (entry[kind] === undefined || (kind === "bound" && !/^exit code 4/.test(problem))) continue;
    const dims = entry[`${kind}_dims`];
    const ranges = dims && Object.fromEntries(Object.entries(dims).map(([name, extent]) => [name, `2..${2 * extent}`]));
    const model = dims ? `${entry.name}.${kind}.dims.onnx` : entry[kind];
    const problems = await test(entry, model, load, supported, ["simd128"], ranges ?? entry.symbolic);
    problem = problems.simd128;
    isFixed = ranges !== undefined && problem === "" && !problems.open;
  }
  return { problem, isFixed };
}

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.strings.js")).href);
makeCases();
mkdirSync(OUT, { recursive: true });
const only = process.argv[2] && new RegExp(process.argv[2]);
const cases = JSON.parse(readFileSync(path.join(CASES, "index.json"), "utf8")).filter(({ name }) => !only || only.test(name));
const leftOut = JSON.parse(readFileSync(path.join(CASES, "left_out.json"), "utf8")).filter(({ name }) => !only || only.test(name));
const rows = leftOut.flatMap(({ name, reason }) => ALL.map((target) => ({ test: name, target, status: "failed", reason })));
const supported = supportedVariants();
let next = 0, said = 0;
async function work() {
  while (next < cases.length) {
    const entry = cases[next++];
    let problems = await test(entry, entry.model, load, supported);
    let how = "";
    // Operands that weft needs to know at compile time, given as constants.
    if (entry.bound && /^exit code 4/.test(problems.scalar)) {
      problems = await test(entry, entry.bound, load, supported);
      how = "with all inputs but the first as constants";
    }
    for (const target of TARGETS) {
      const excluded = exceptions.get(entry.name);
      const status = problems[target] === "" ? "passed" : excluded ? "excluded" : "failed";
      rows.push({ test: entry.name, target, status, reason: status === "passed" ? how : excluded ?? problems[target] });
    }
    const { problem, isFixed } = await testSymbolic(entry, load, supported);
    const excluded = exceptions.get(entry.name);
    rows.push({ test: entry.name, target: "symbolic", status: problem === "" ? "passed" : excluded ? "excluded" : "failed", reason: problem === "" ? (isFixed ? FIXED : "") : excluded ?? problem });
    if (process.stderr.isTTY && ++said % 50 === 0) console.error(`conformance: ${said} of ${cases.length}`);
  }
}
/** The graph's evaluator runs in the C++ test of the same cases. */
function evaluator() {
  const program = path.join(path.dirname(compiler()), "tests/test_frontends"), file = path.join(OUT, "eval.json");
  if (!existsSync(program)) return console.error(`conformance: no target eval, ${program} is not built`);
  try {
    execFileSync(program, ["--gtest_filter=OnnxNodes.*"], { stdio: "ignore", env: { ...process.env, WEFT_CONFORMANCE_ROWS: file } });
  } catch {
    // What failed is in the rows.
  }
  for (const { test: name, reason } of JSON.parse(readFileSync(file, "utf8"))) {
    if (only && !only.test(name)) continue;
    const status = reason === "" ? "passed" : exceptions.has(name) ? "excluded" : "failed";
    rows.push({ test: name, target: "eval", status, reason: exceptions.get(name) ?? reason });
  }
}

evaluator();
await Promise.all(Array.from({ length: Math.max(1, os.availableParallelism()) }, work));
rows.sort((a, b) => (a.test < b.test ? -1 : a.test > b.test ? 1 : ALL.indexOf(a.target) - ALL.indexOf(b.target)));
writeFileSync(path.join(ROOT, "build/conformance.json"), JSON.stringify({ rows }, null, 1) + "\n");

const reasons = new Map();
for (const { target, status, reason } of rows) {
  if (target !== (process.env.WHY ?? "simd128") || status === "passed") continue;
  const short = reason.replace(/"[^"]*"/g, "…").replace(/\d+/g, "N").slice(0, 110);
  reasons.set(short, (reasons.get(short) ?? 0) + 1);
}
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.log(`${String(count).padStart(5)}  ${reason}`);
for (const target of ALL) {
  const of = rows.filter((row) => row.target === target), passed = of.filter(({ status }) => status === "passed");
  const special = passed.filter(({ reason }) => reason).length;
  const how = target === "symbolic" ? "in which the model itself fixes every dimension" : "with all inputs but the first as constants";
  if (!only && passed.length < FLOOR[target]) {
    console.error(`conformance: ${target} passed ${FLOOR[target]} before`);
    process.exitCode = 1;
  }
  const excluded = of.filter(({ status }) => status === "excluded").length;
  console.log(`${target}: ${passed.length} passed, ${of.length - passed.length - excluded} failed, ${excluded} excluded, of ${of.length} (${((100 * passed.length) / of.length).toFixed(1)} %); ${special} of the passed ${how}`);
}
console.log("written: build/conformance.json");
if (!only) {
  const { onnx, operators } = JSON.parse(readFileSync(path.join(CASES, "operators.json"), "utf8"));
  const others = JSON.parse(execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/conformance/others.py")]));
  writeFileSync(path.join(ROOT, "docs/onnx-support.md"), supportPage({ onnx, operators, rows, cases: [...cases, ...leftOut], others, targets: ALL }));
  console.log("written: docs/onnx-support.md");
}
