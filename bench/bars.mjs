// The bars of whole models: what rows must reach, as lines that say PASS or FAIL.
import { formatBytes } from "./sizes.mjs";

const PEER = "onnxruntime-web";
/** Ratios to onnxruntime-web on one thread. */
const SPEED = { relaxed: { mean: 1.8, least: 1.2 }, simd128: { mean: 1.5, least: 1.0 } };
const CODE_BROTLI = 100e3;
const MEMORY = { times: 2.5, extra: 0 };
const MEMORY_OPTIMIZED = { times: 1.05, extra: 1 << 20 };
/** A browser's mean ratio beside Node's. */
const OF_NODE = 0.9;
/** Start to first outputs in Chromium beside onnxruntime-web's, fastest variant: of all of it, and of all but one warm run. */
const COLD = { squeezenet: { total: 1 / 5 }, "ppocr-rec": { total: 1 / 5 }, "ppocr-cls": { total: 1 / 5 }, resnet50: { total: 1 / 2, rest: 1 / 5 } };

export const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const bar = (pass, text) => ({ pass, text });
const least = (rows, by) => rows.reduce((a, b) => (by(b) < by(a) ? b : a));
const only = (rows, filter) => rows.filter((row) => Object.entries(filter).every(([key, value]) => row[key] === value));
const enginesOf = (rows) => [...new Set(rows.map(({ engine }) => engine))];

function speedBars(rows, models) {
  const bars = [];
  for (const engine of enginesOf(rows))
    for (const [variant, { mean, least: bound }] of Object.entries(SPEED)) {
      const group = only(rows, { engine, variant, peer: PEER });
      if (group.length === 0) continue;
      const name = `${engine}, ${variant}`;
      const missing = models.filter((model) => !group.some((row) => row.model === model));
      const got = geometricMean(group.map(({ ratio }) => ratio));
      const worst = least(group, ({ ratio }) => ratio);
      if (missing.length) bars.push(bar(false, `${name}: no row of ${missing.join(", ")}`));
      bars.push(bar(got >= mean, `${name}: geometric mean ${got.toFixed(2)} of ${group.length} models, ${geometricMean(group.map((row) => row.best_ratio)).toFixed(2)} of the fastest runs (at least ${mean.toFixed(2)})`));
      bars.push(bar(worst.ratio >= bound, `${name}: lowest ratio ${worst.ratio.toFixed(2)}, ${worst.model}, ${worst.best_ratio.toFixed(2)} of its fastest runs (none below ${bound.toFixed(2)})`));
    }
  return bars;
}

/** Chromium runs the same engine as Node: the same code must be as fast there. */
function browserBars(rows) {
  const bars = [];
  for (const variant of Object.keys(SPEED)) {
    const node = only(rows, { engine: "node", variant, peer: PEER }), chromium = only(rows, { engine: "chromium", variant, peer: PEER });
    const both = node.filter(({ model }) => chromium.some((row) => row.model === model));
    if (both.length === 0) continue;
    const share = geometricMean(chromium.filter(({ model }) => both.some((row) => row.model === model)).map(({ ratio }) => ratio)) / geometricMean(both.map(({ ratio }) => ratio));
    bars.push(bar(share >= OF_NODE, `${variant}: chromium's mean ratio is ${share.toFixed(2)} of node's, ${both.length} models (at least ${OF_NODE.toFixed(2)})`));
  }
  return bars;
}

function coldBars(rows) {
  const bars = [];
  const compare = (model, what, got, peer, most) => bars.push(bar(got <= most * peer, `cold start: ${model}${what}: ${got.toFixed(0)} ms beside ${peer.toFixed(0)} ms, ${(got / peer).toFixed(2)} (at most ${most.toFixed(2)})`));
  for (const [model, { total, rest }] of Object.entries(COLD)) {
    const row = only(rows, { engine: "chromium", model, variant: "relaxed", peer: PEER })[0];
    if (!row || row.cold_start_ms === null) continue;
    const { cold_start_ms: ours, peer_cold_start_ms: theirs, weft_ms: run, peer_ms: peerRun } = row;
    compare(model, "", ours, theirs, total);
    if (rest !== undefined) compare(model, ", without one warm run", ours - run, theirs - peerRun, rest);
  }
  return bars;
}

function codeBar(rows) {
  const worst = least(rows, ({ code_brotli }) => -code_brotli);
  return bar(worst.code_brotli <= CODE_BROTLI, `code: the largest is ${formatBytes(worst.code_brotli)} with brotli, ${worst.model} ${worst.variant} (at most ${formatBytes(CODE_BROTLI)})`);
}

/** sizes: [{model, variant, linear, initialisers, arena, ofRun: whether the arena is that of run alone}], bytes. */
function memoryBar(what, sizes, { times, extra }) {
  const share = ({ linear, initialisers, arena }) => linear / (times * initialisers + arena + extra);
  const worst = least(sizes, (size) => -share(size));
  const numbers = `${formatBytes(worst.linear)} for ${formatBytes(worst.initialisers)} of initialisers and ${formatBytes(worst.arena)} of arena`;
  const most = `${times} x initialisers + arena${extra ? " + " + formatBytes(extra) : ""}`;
  return bar(share(worst) <= 1, `memory${what}: the worst is ${worst.model} ${worst.variant}, ${numbers}: ${share(worst).toFixed(2)} of the most (${most})`);
}

/** While a manifest does not tell what of the arena only prepare uses, the bar is too mild; what it would be without any arena. */
function memoryNotes(sizes) {
  if (sizes.every(({ ofRun }) => ofRun)) return [];
  const worst = least(sizes, ({ linear, initialisers }) => -linear / initialisers);
  const text = `memory: arenas count what only prepare uses; without any arena the worst is ${worst.model} ${worst.variant}, ${(worst.linear / worst.initialisers).toFixed(2)} x initialisers`;
  return [bar(null, text)];
}

/**
 * models: the names that must have a row; memory: sizes of each model and variant as compiled by default; optimized: the same with
 * --optimize memory, null where the compiler has no such option. Returns [{pass: true | false | null (a note), text}].
 */
export function barsOf(rows, { models, memory, optimized }) {
  if (rows.length === 0) return [bar(false, "there are no rows")];
  const bars = [...speedBars(rows, models), ...browserBars(rows), ...coldBars(rows), codeBar(rows), memoryBar("", memory, MEMORY), ...memoryNotes(memory)];
  if (optimized === null) bars.push(bar(null, "memory, --optimize memory: this compiler has no such option"));
  else bars.push(memoryBar(", --optimize memory", optimized, MEMORY_OPTIMIZED));
  return bars;
}

export const printBars = (bars) => bars.forEach(({ pass, text }) => console.log(`${pass === null ? "NOTE" : pass ? "PASS" : "FAIL"}  ${text}`));
