// Results of the suite as a page (docs/wasi-nn-suite.md). It names the versions of what it ran on, and no time.
const NAMES = { witx: "Programs of WASI preview 1 (`wasi_ephemeral_nn`)", wit: "Components (`wasi:nn@0.2.0-rc-2024-10-28`)" };
const MARKS = { passed: "✓", failed: "**fails**" };

function table(hosts) {
  const columns = Object.entries(hosts);
  const rows = new Map();
  const reasons = [];
  for (const [host, { cases }] of columns)
    for (const { name, result, reason } of cases) {
      if (!rows.has(name)) rows.set(name, {});
      if (result === "skipped" && !reasons.includes(reason)) reasons.push(reason);
      rows.get(name)[host] = MARKS[result] ?? `(${reasons.indexOf(reason) + 1})`;
    }
  const count = ({ cases }) => `${cases.filter(({ result }) => result === "passed").length} of ${cases.filter(({ result }) => result !== "skipped").length}`;
  return [
    ...columns.map(([name, { about, cases }]) => `- **${name}**: ${about}. ${count({ cases })} pass${cases.some(({ result }) => result === "skipped") ? `, ${cases.filter(({ result }) => result === "skipped").length} left out` : ""}.`),
    "",
    `| case | ${columns.map(([name]) => name).join(" | ")} |`,
    `|---|${columns.map(() => "---|").join("")}`,
    ...[...rows].map(([name, marks]) => `| ${name} | ${columns.map(([host]) => marks[host] ?? "").join(" | ")} |`),
    ...(reasons.length > 0 ? ["", ...reasons.map((reason, i) => `(${i + 1}) Left out: ${reason}.  `)] : []),
  ];
}

/** `report`: host -> { abi, about, cases } or { unavailable }. */
export function page(report) {
  const there = Object.entries(report).filter(([, { cases }]) => cases !== undefined);
  const lines = ["# The suite of wasi-nn: results", "", "Written by `make wasi-nn-suite`. The cases and how to run them on other hosts: [tests/wasi-nn](../tests/wasi-nn/README.md).", ""];
  for (const [abi, name] of Object.entries(NAMES)) {
    const hosts = Object.fromEntries(there.filter(([, host]) => host.abi === abi));
    if (Object.keys(hosts).length > 0) lines.push(`## ${name}`, "", ...table(hosts), "");
  }
  for (const [name, { unavailable }] of Object.entries(report)) if (unavailable !== undefined) lines.push(`Not there: ${name}, ${unavailable}.`, "");
  return lines.join("\n");
}
