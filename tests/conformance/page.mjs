// docs/onnx-support.md from the rows of a conformance run.
import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "../support/runtime.mjs";

/** "domain.Operator" -> "since N" of the rows of ops.def. */
function imported() {
  const versions = new Map();
  const text = readFileSync(path.join(ROOT, "src/frontends/onnx/ops.def"), "utf8");
  for (const [, domain, name, since, until] of text.matchAll(/^WEFT_ONNX\("([^"]*)", "([^"]*)", (\d+), (\w+),/gm)) {
    const operator = domain ? `${domain}.${name}` : name;
    const range = until === "kLatest" ? `${since}…` : `${since}…${until - 1}`;
    versions.set(operator, [...(versions.get(operator) ?? []), range]);
  }
  return versions;
}

const code = (text) => "`" + text.replace(/`/g, "'") + "`";
/** Without what differs from node to node. */
const short = (reason) => reason.replace(/^exit code \d+: /, "").replace(/^node "[^"]*": /, "").replace(/: "[^"]*" -> \S+"?$/, "").slice(0, 160).replace(/\|/g, "\\|");

/** Markdown: what passed, operator by operator, and every test that did not, by name, with its reason. */
export function supportPage({ onnx, operators, rows, cases, targets }) {
  const weft = imported();
  const operatorsOf = new Map(cases.map(({ name, operators: own, opset }) => [name, { own, opset }]));
  const table = new Map();
  for (const { test, target, status } of rows) {
    const { own, opset } = operatorsOf.get(test) ?? {};
    if (own?.length !== 1) continue; // of one operator: its own tests
    const row = table.get(own[0]) ?? { opsets: new Set(), counts: {} };
    if (opset) row.opsets.add(opset);
    const count = (row.counts[target] ??= { passed: 0, all: 0 });
    count.passed += status === "passed";
    ++count.all;
    table.set(own[0], row);
  }
  const lines = [
    "# ONNX operators", "",
    `Written by \`make conformance\` from ONNX's own tests (onnx ${onnx}, package on PyPI): single operators, the sets converted from PyTorch, and`,
    "the simple models. Each test is compiled by weft and run in Node on each variant; `eval` is the reference evaluator. Operands that weft needs to",
    "know at compile time (shapes, axes) are given as constants, and then all inputs but the first are. WebGPU is not run here: it has no runtime yet.",
    "`symbolic`: simd128 with every input extent above 1 a symbolic dimension, from 2 to twice what the test has, equal extents being one dimension. Where the",
    "model allows less of a dimension, weft narrows it, and the test runs if its own extents are left; of those that passed, the model itself fixes every",
    `dimension in ${rows.filter(({ target, status, reason }) => target === "symbolic" && status === "passed" && reason).length}.`, "",
    "| target | passed | of |", "|---|---|---|",
    ...targets.map((target) => {
      const own = rows.filter((row) => row.target === target);
      const passed = own.filter(({ status }) => status === "passed").length;
      return `| ${target} | ${passed} (${((100 * passed) / own.length).toFixed(1)} %) | ${own.length} |`;
    }), "",
    "## By operator", "",
    "`weft` has the operator set versions that weft imports, `tested` those of the tests that hold this operator alone; a function's expansion counts to the",
    "operators that it is made of. ONNX has no tests of com.microsoft: tests/node/operators.test.mjs compares those with ONNX Runtime.", "",
    `| operator | weft | tested | ${targets.join(" | ")} |`, `|---|---|---|${targets.map(() => "---|").join("")}`,
  ];
  for (const operator of [...new Set([...weft.keys(), ...table.keys()])].sort()) {
    const row = table.get(operator);
    const opsets = row ? [...row.opsets].sort((a, b) => a - b).join(", ") : "";
    const cells = targets.map((target) => (row?.counts[target] ? `${row.counts[target].passed}/${row.counts[target].all}` : ""));
    lines.push(`| ${operator} | ${weft.get(operator)?.join(", ") ?? "no"} | ${opsets} | ${cells.join(" | ")} |`);
  }
  const missing = operators.filter(({ operator, deprecated }) => !weft.has(operator) && !deprecated).map(({ operator }) => operator);
  lines.push("", "## Operators that weft does not import", "", missing.map(code).join(", ") + ".", "");
  lines.push("## Tests that do not pass", "", "On simd128, each with the reason that weft gives.", "", "| test | reason |", "|---|---|");
  for (const { test, target, status, reason } of rows)
    if (target === "simd128" && status !== "passed") lines.push(`| ${test} | ${status === "excluded" ? "not followed: " : ""}${short(reason)} |`);
  return lines.join("\n") + "\n";
}
