// Times: of whole runs, of their statements, and of the probe that tells the core's peak.
import { readFileSync } from "node:fs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** One run: {ms, statements: [{index, kind, node, startMs, endMs}], outputs}; without statements when it is not to be taken apart. */
export async function timeRun(model, inputs, apart) {
  const statements = [];
  const options = apart ? { onStatement: (statement) => statements.push(statement) } : {};
  const startMs = performance.now();
  const outputs = await model.run(inputs, options);
  const endMs = performance.now();
  return { startMs, endMs, ms: endMs - startMs, statements, outputs };
}

/** {whole: [runs as they are], apart: [runs by statements]}, in turns; the pauses let the engine swap its better code in. */
export async function timeRuns(model, inputs, { repeat, warmup, profile }) {
  const whole = [], apart = [];
  for (let i = 0; i < warmup + repeat; ++i) {
    const run = await timeRun(model, inputs, false);
    const taken = profile ? await timeRun(model, inputs, true) : undefined;
    if (i < warmup) {
      await pause(10);
      continue;
    }
    whole.push(run);
    if (taken) apart.push(taken);
  }
  return { whole, apart };
}

const PROBE_ROUNDS = 1_000_000;

/** The rate of `work`, of which it does `amount`: in units of 1e9 a second. */
function rateOf(work, amount) {
  const start = performance.now();
  work();
  return amount / (performance.now() - start) / 1e6;
}

/** What the probe gives, the best of some samples: {gflops, gbps}, the latter for memory that no cache holds, read and written. */
export async function openProbe(folder, { file, flops, bytes, name }) {
  const { instance } = await WebAssembly.instantiate(readFileSync(new URL(file, folder)));
  const { peak, stream } = instance.exports;
  const gflops = () => rateOf(() => peak(PROBE_ROUNDS), flops * PROBE_ROUNDS);
  const gbps = () => rateOf(() => stream(bytes), 2 * bytes);
  for (let i = 0; i < 6; ++i) {
    for (const sample of [gflops, gflops, gbps]) sample();
    await pause(10);
  }
  const best = (count, sample) => Math.max(...Array.from({ length: count }, sample));
  return { name, measure: () => ({ gflops: best(12, gflops), gbps: best(5, gbps) }) };
}

const nodesOf = (source) => (source ? source.split(" + ") : []);

/** The roof is what the core could do (Williams et al., Roofline, 2009): all sums at its peak, or all bytes from memory, whichever takes longer. */
function rates({ flops, bytes }, ms, peak) {
  if (flops === undefined || !(ms > 0)) return { gflops: null, gbps: null, peakShare: null, roofShare: null };
  const gflops = flops / ms / 1e6, gbps = bytes / ms / 1e6, peakShare = gflops / peak.gflops;
  return { gflops, gbps, peakShare, roofShare: Math.max(peakShare, gbps / peak.gbps) };
}

/** The time of each statement in one run by its index, summed over the iterations of loops. */
function timesByIndex({ statements }) {
  const times = new Map();
  for (const { index, startMs, endMs } of statements) times.set(index, (times.get(index) ?? 0) + endMs - startMs);
  return times;
}

function statementRow({ index, kind, node }, count, sums, info, peak) {
  const times = sums.map((of) => of.get(index) ?? 0);
  const minMs = Math.min(...times);
  const { class: work = kind, kernel = kind, function: fn, source = node } = info ?? {};
  const [flops, bytes] = [info?.flops, info?.bytes].map((amount) => (amount === undefined ? undefined : amount * count));
  return { index, kind, class: work, kernel, function: fn, nodes: nodesOf(source), flops, bytes, minMs, medianMs: median(times), ...rates({ flops, bytes }, minMs, peak) };
}

const CLASSES = ["contraction", "depthwise", "pooling", "fold", "elementwise", "movement", "fill", "copy", "call", "loop"];

function classRows(statements, totalMs, peak) {
  return CLASSES.map((name) => {
    const of = statements.filter((statement) => statement.class === name);
    const sum = (field) => of.reduce((total, statement) => total + (statement[field] ?? 0), 0);
    const minMs = sum("minMs");
    const known = of.every(({ flops }) => flops !== undefined);
    return { class: name, statements: of.length, minMs, medianMs: sum("medianMs"), share: minMs / totalMs, flops: sum("flops"), bytes: sum("bytes"), ...rates(known ? { flops: sum("flops"), bytes: sum("bytes") } : {}, minMs, peak) };
  }).filter((row) => row.statements > 0);
}

/** The profile as data. `infos`: of the manifest, undefined when it was compiled without them. */
export function makeProfile({ whole, apart }, infos, peaks) {
  const peak = { gflops: Math.max(peaks.before.gflops, peaks.after.gflops), gbps: Math.max(peaks.before.gbps, peaks.after.gbps) };
  const counts = new Map(), firsts = new Map(), sums = apart.map(timesByIndex);
  for (const statement of apart[0].statements) {
    counts.set(statement.index, (counts.get(statement.index) ?? 0) + 1);
    if (!firsts.has(statement.index)) firsts.set(statement.index, statement);
  }
  const order = [...firsts.values()].sort((a, b) => a.index - b.index);
  const statements = order.map((first) => statementRow(first, counts.get(first.index), sums, infos?.[first.index], peak));
  const totalMs = statements.reduce((sum, { minMs }) => sum + minMs, 0);
  for (const statement of statements) statement.share = statement.minMs / totalMs;
  const inside = apart.map(({ statements: all }) => all.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0));
  const wall = apart.map(({ ms }) => ms);
  const flops = statements.reduce((sum, statement) => sum + (statement.flops ?? 0), 0);
  const times = (values) => ({ minMs: Math.min(...values), medianMs: median(values) });
  const run = times(whole.map(({ ms }) => ms));
  return {
    peak: { ...peaks, ...peak },
    run: { ...run, flops, ...rates(infos ? { flops, bytes: 0 } : {}, run.minMs, peak), gbps: undefined, roofShare: undefined },
    byStatements: { ...times(wall), insideMedianMs: median(inside), outsideMedianMs: median(wall.map((ms, i) => ms - inside[i])), sumOfMinMs: totalMs },
    classes: classRows(statements, totalMs, peak),
    statements,
  };
}
