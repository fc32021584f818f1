// What `weft bench`, and bench/ in Node and in pages, measure with. Nothing but the language here.

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

async function timed(run) {
  const from = performance.now();
  await run();
  return performance.now() - from;
}

const LEAST_PAIRS = 3;

const SETTLED_RUNS = 10;
const settled = (times) => times.length > SETTLED_RUNS && Math.min(...times.slice(-SETTLED_RUNS)) >= 0.97 * Math.min(...times.slice(0, -SETTLED_RUNS));

/**
 * Until neither gets faster: engines swap in better code for many runs of a small model, onnxruntime-web's much longer than weft's. At least
 * `warmup` runs and a fifth of `seconds`, at most half of `seconds`.
 */
async function warmUp(runs, { warmup, seconds }) {
  const from = performance.now();
  const times = runs.map(() => []);
  for (;;) {
    for (const [i, run] of runs.entries()) times[i].push(await timed(run));
    const spent = (performance.now() - from) / 1000;
    if (spent > seconds / 2 || (times[0].length >= warmup && spent > seconds / 5 && times.every(settled))) return;
  }
}

/**
 * Warms both up, then runs them in turns, so that a change of the machine's speed meets both; who goes first alternates. `samples` is the
 * most; after `seconds`, which the warm-up is part of, it ends with what it has, and at least 3 pairs.
 * Returns {samples: [[weftMs, peerMs], ...], weftMs, peerMs (medians), ratio: median of peerMs / weftMs, bestRatio: of the fastest runs}.
 */
export async function measurePairs(weft, peer, { warmup, samples, seconds }) {
  const from = performance.now();
  const spent = () => (performance.now() - from) / 1000;
  await warmUp([weft, peer], { warmup, seconds });
  const pairs = [];
  for (let i = 0; i < samples && (i < LEAST_PAIRS || spent() < seconds); ++i) {
    if (i % 2 === 0) {
      const first = await timed(weft);
      pairs.push([first, await timed(peer)]);
    } else {
      const first = await timed(peer);
      pairs.push([await timed(weft), first]);
    }
  }
  const column = (i) => median(pairs.map((pair) => pair[i]));
  const fastest = (i) => Math.min(...pairs.map((pair) => pair[i]));
  return { samples: pairs, weftMs: column(0), peerMs: column(1), ratio: median(pairs.map(([weft, peer]) => peer / weft)), bestRatio: fastest(1) / fastest(0) };
}

/** Compares outputs by name: {maxAbsDiff, relative: the worst max|difference| / max|reference| of an output, problem}. */
export function compareOutputs(weft, peer) {
  let maxAbsDiff = 0, relative = 0, worst = "";
  for (const [name, reference] of Object.entries(peer)) {
    const got = weft[name];
    if (got === undefined || got.length !== reference.length)
      return { maxAbsDiff: null, relative: Infinity, worst: `output ${name} has ${got?.length ?? "no"} elements, the peer's ${reference.length}` };
    let difference = 0, largest = 0;
    for (let i = 0; i < got.length; ++i) {
      const a = Number(got[i]), b = Number(reference[i]);
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) {
        if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
        continue;
      }
      const d = Math.abs(a - b);
      difference = Number.isNaN(d) ? Infinity : Math.max(difference, d);
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
    }
    maxAbsDiff = Math.max(maxAbsDiff, difference);
    const share = difference === 0 ? 0 : difference / largest;
    if (share > relative) [relative, worst] = [share, `output ${name} differs by ${difference.toExponential(2)}, ${share.toExponential(1)} of the largest value`];
  }
  return { maxAbsDiff, relative, worst };
}

/** Every WebAssembly.Memory made after this call; returns a function that sums their sizes. */
export function watchMemories() {
  const made = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args) {
      const memory = new target(...args);
      made.push(memory);
      return memory;
    },
  });
  return () => made.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}

const ORT_TYPES = {
  f64: "float64", f32: "float32", f16: "float16", i64: "int64", i32: "int32", i16: "int16", i8: "int8",
  u64: "uint64", u32: "uint32", u16: "uint16", u8: "uint8", boolean: "bool",
};
const ARRAYS = {
  f64: Float64Array, f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i64: BigInt64Array, i32: Int32Array, i16: Int16Array,
  i8: Int8Array, u64: BigUint64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, boolean: Uint8Array,
};

/** Inputs as [{name, dtype, shape, bytes: ArrayBuffer, constant}] -> tensors by name, without those that became constants. */
export const weftFeeds = (inputs) =>
  Object.fromEntries(inputs.filter(({ constant }) => !constant).map(({ name, dtype, shape, bytes }) => [name, { data: new ARRAYS[dtype](bytes), shape }]));

/** An ONNX Runtime of any kind as {run}; `ort` is its module. */
export async function openOnnxruntime(ort, model, inputs, options) {
  const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: "all", logSeverityLevel: 3, ...options });
  const feeds = Object.fromEntries(inputs.map(({ name, dtype, shape, bytes }) => [name, new ort.Tensor(ORT_TYPES[dtype], new ARRAYS[dtype](bytes), shape)]));
  return {
    async run() {
      const results = await session.run(feeds);
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
    },
  };
}
