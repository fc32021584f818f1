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

/** Why weft does not have an operator. */
const REFUSED = {
  ImageDecoder: "pages decode with what every browser has (`weft compile --preprocess image:…`); a decoder in the module would be larger than most models",
  "ai.onnx.ml.CastMap": "its input is a map, of which ports have no form",
  "ai.onnx.ml.DictVectorizer": "its input is a map, of which ports have no form",
  "ai.onnx.preview.training.Gradient": "derivatives of a graph are no business of a compiler of trained models",
};

const code = (text) => "`" + text.replace(/`/g, "'") + "`";
/** Without what differs from node to node. */
const short = (reason) => reason.replace(/^exit code \d+: /, "").replace(/^node "[^"]*": /, "").replace(/: "[^"]*" -> \S+"?$/, "").slice(0, 160).replace(/\|/g, "\\|");

/** Markdown: what passed, operator by operator, and every test that did not, by name, with its reason. */
export function supportPage({ onnx, operators, rows, cases, others, targets }) {
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
    "operators that it is made of. `ONNX Runtime` counts the models with this operator that tests/node compares with ONNX Runtime in every variant", "(tests/frontends/*_models.py); for most of ai.onnx.ml and com.microsoft ONNX has no tests.", "",
    `| operator | weft | tested | ${targets.join(" | ")} | ONNX Runtime |`, `|---|---|---|${targets.map(() => "---|").join("")}---|`,
  ];
  for (const operator of [...new Set([...weft.keys(), ...table.keys()])].sort()) {
    const row = table.get(operator);
    const opsets = row ? [...row.opsets].sort((a, b) => a - b).join(", ") : "";
    const cells = targets.map((target) => (row?.counts[target] ? `${row.counts[target].passed}/${row.counts[target].all}` : ""));
    lines.push(`| ${operator} | ${weft.get(operator)?.join(", ") ?? "no"} | ${opsets} | ${cells.join(" | ")} | ${others[operator] ?? ""} |`);
  }
  const missing = operators.filter(({ operator, deprecated }) => !weft.has(operator) && !deprecated).map(({ operator }) => operator);
  const untried = [...weft.keys()].filter((operator) => !others[operator] && !Object.values(table.get(operator)?.counts ?? {}).some(({ passed }) => passed > 0)).sort();
  lines.push("", "## Operators without a test that passes", "", (untried.map(code).join(", ") || "None of those that weft imports") + ".", "");
  lines.push("## Operators that weft does not import", "", ...missing.map((operator) => `- ${code(operator)}: ${REFUSED[operator] ?? "not yet"}`), "");
  lines.push("## Tests that do not pass", "", "On simd128, each with the reason that weft gives.", "", "| test | reason |", "|---|---|");
  for (const { test, target, status, reason } of rows)
    if (target === "simd128" && status !== "passed") lines.push(`| ${test} | ${status === "excluded" ? "not followed: " : ""}${short(reason)} |`);
  return lines.join("\n") + "\n";
}
