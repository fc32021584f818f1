// A profile as a table, and as a trace that chrome://tracing and Perfetto open; results as lines.
const percent = (share) => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);
const rate = (value) => (value === null ? "-" : value < 10 ? value.toFixed(2) : value.toFixed(1));
const ms = (value) => (value < 100 ? value.toFixed(3) : value.toFixed(1));
const us = (value) => (1e3 * value).toFixed(1);
const bytes = (n) => (n === undefined ? "-" : n < 1e4 ? `${n} B` : n < 1e7 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`);
const number = (value) => (value === null ? "-" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6))));

/** Rows of texts as columns; `left`: the columns that are words. */
function table(rows, left) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const cell = (text, i) => (left.includes(i) ? text.padEnd(widths[i]) : text.padStart(widths[i]));
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n") + "\n";
}

const RATES = ["µs", "median", "%", "GFLOP/s", "GB/s", "of peak", "of roof", "bytes"];
const rateCells = (row) => [us(row.minMs), us(row.medianMs), (100 * row.share).toFixed(1), rate(row.gflops), rate(row.gbps), percent(row.peakShare), percent(row.roofShare), bytes(row.bytes)];

export function profileTable({ peak, run, byStatements, classes, statements }, { described }) {
  const rows = statements.map((s) => [String(s.index), ...rateCells(s), s.class, s.function === undefined ? s.kernel : `k${s.function} ${s.kernel}`, s.nodes.join(" + ")]);
  const { outsideMedianMs: gap } = byStatements;
  return [
    table([["#", ...RATES, "class", "kernel", "nodes"], ...rows], [9, 10, 11]),
    table([["class", "statements", ...RATES], ...classes.map((c) => [c.class, String(c.statements), ...rateCells(c)])], [0]),
    `run             ${ms(run.minMs)} ms fastest, ${ms(run.medianMs)} ms median${run.gflops === null ? "" : `; ${rate(run.gflops)} GFLOP/s, ${percent(run.peakShare)} of peak`}\n` +
      `by statements   ${ms(byStatements.minMs)} ms fastest, ${ms(byStatements.medianMs)} ms median; the statements' fastest times add up to ${ms(byStatements.sumOfMinMs)} ms\n` +
      `outside of them ${ms(gap)} ms median (${percent(gap / byStatements.medianMs)}): copying inputs and outputs, the timer\n` +
      `peak            ${rate(peak.before.gflops)} GFLOP/s before, ${rate(peak.after.gflops)} after (${peak.name} probe); memory ${rate(peak.before.gbps)} and ${rate(peak.after.gbps)} GB/s\n`,
    described ? "" : "This bundle does not say what its statements compute; compile it with --profile-info.\n",
  ].filter(Boolean).join("\n");
}

/** Chrome's trace event format: all measured runs, one after the other as they were. Times are in microseconds. */
export function profileTrace({ statements }, { apart }, title) {
  const thread = { pid: 1, tid: 1 };
  const origin = apart[0].startMs;
  const span = ({ startMs, endMs }) => ({ ph: "X", ts: (startMs - origin) * 1e3, dur: (endMs - startMs) * 1e3, ...thread });
  const events = [
    { ph: "M", name: "process_name", ...thread, args: { name: title } },
    { ph: "M", name: "thread_name", ...thread, args: { name: "run" } },
  ];
  const rows = new Map(statements.map((row) => [row.index, row]));
  apart.forEach((run, i) => {
    events.push({ name: `run ${i + 1}`, cat: "run", ...span(run), args: {} });
    run.statements.forEach((timing) => {
      if (!rows.has(timing.index)) return;  // a branch that another run took
      const { index, class: work, kernel, nodes, flops, bytes: size } = rows.get(timing.index);
      events.push({ name: nodes.join(" + ") || kernel, cat: work, ...span(timing), args: { index, kernel, nodes, ...(flops === undefined ? {} : { flops, bytes: size }) } });
    });
  });
  return { displayTimeUnit: "ms", traceEvents: events };
}

export function resultLines({ model, variant, engine, outputs, run, repeat }) {
  const title = `${model}: ${variant}, Node ${engine.version} (V8 ${engine.v8})\n`;
  const lines = outputs.map(({ name, dtype, shape, min, max, mean, nan, first, file }) =>
    `${name}  ${dtype} [${shape.join(", ")}]${file ? `  -> ${file}\n` : dtype === "string" ? `\n  first ${first.map((text) => JSON.stringify(text)).join(" ")}\n` : `\n  min ${number(min)}  max ${number(max)}  mean ${number(mean)}${nan ? `  NaN ${nan}` : ""}  first ${first.map(number).join(" ")}\n`}`);
  const time = repeat > 1 ? `${ms(run.minMs)} ms fastest, ${ms(run.medianMs)} ms median of ${repeat} runs` : `${ms(run.medianMs)} ms, the first run`;
  return `${title}${lines.join("")}${time}\n`;
}
