// Measures the GEMMs and the probes of one engine; runs in Node and as main.mjs of a page. Nothing but the language here.

const PAGE_BYTES = 65536;
const sample = (i) => ((i * 7919) % 1000) / 1000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function openProbe(spec, fetchBytes) {
  const { instance } = await WebAssembly.instantiate(await fetchBytes(spec.file));
  const rounds = 2_000_000;
  return { flop: 2 * 4 * spec.steps * rounds, run: () => instance.exports.peak(rounds) };
}

/** On the greatest multiple of the tile that is not above `size`. */
async function openHand(spec, fetchBytes, size) {
  const m = size - (size % spec.rows), n = size - (size % (4 * spec.vectors)), k = size - (size % spec.unroll);
  const a = PAGE_BYTES, b = a + 4 * m * k, c = b + 4 * n * k;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((c + 4 * m * n) / PAGE_BYTES) });
  new Float32Array(memory.buffer, a, (c - a) / 4).forEach((_, i, all) => (all[i] = sample(i)));
  const { instance } = await WebAssembly.instantiate(await fetchBytes(spec.file), { env: { memory } });
  return { flop: 2 * m * n * k, run: () => instance.exports.gemm(a, b, c, m, n, k) };
}

/** What step() returns when it asks for a part of the weights. */
const LOAD = 5;

/** The run entry of a bundle, straight through step(): as the runtime does, without copies. */
async function openWeft(spec, fetchBytes, size) {
  const v = spec.variant;
  const memory = new WebAssembly.Memory({ initial: v.memory.pages });
  const { instance } = await WebAssembly.instantiate(await fetchBytes(spec.file), { env: { memory } });
  const file = await fetchBytes(spec.weights);
  const data = file.subarray(8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)));
  const words = new Uint32Array(memory.buffer);
  const enter = (name) => {
    words[v.context / 4] = v.entries.find((entry) => entry.name === name).records;
    words[v.context / 4 + 1] = 0;
    let result;
    while ((result = instance.exports.step(v.context, 0)) === LOAD) {
      const [, address, bytes, offset] = words.subarray(words[v.context / 4] / 4 - 8);
      new Uint8Array(memory.buffer).set(data.subarray(offset, offset + bytes), address);
    }
    if (result !== 0) throw new Error(`${name} did not end`);
  };
  enter("prepare");
  const floats = (address) => new Float32Array(memory.buffer, address, size * size);
  floats(v.inputs[0]).forEach((_, i, all) => (all[i] = sample(i)));
  enter("run");
  // B is the only weight, so it is the first of the file.
  check(floats(v.inputs[0]), new Float32Array(data.slice(0, 4 * size * size).buffer), floats(v.outputs[0]), size);
  return { flop: 2 * size ** 3, run: () => enter("run") };
}

/** A fast GEMM that is wrong is no GEMM. */
function check(a, b, c, size) {
  for (let i = 0; i < 64; ++i) {
    const row = (i * 7) % size, column = (i * 13) % size;
    let sum = 0, magnitude = 0;
    for (let k = 0; k < size; ++k) {
      const product = a[row * size + k] * b[k * size + column];
      sum += product;
      magnitude += Math.abs(product);
    }
    if (!(Math.abs(c[row * size + column] - sum) <= 1e-5 * magnitude)) throw new Error(`weft's GEMM is wrong at (${row}, ${column}): ${c[row * size + column]}, not ${sum}`);
  }
}

const OPEN = { probe: openProbe, hand: openHand, weft: openWeft };

/** Until the engine has swapped its best code in: that happens beside us, when a call has ended. */
async function warmUp({ run }) {
  for (let i = 0; i < 6; ++i) {
    for (let call = 0; call < 4; ++call) run();
    await pause(20);
  }
}

const SAMPLE_MS = 4;

/** The contestant as a sample long enough for a coarse clock. */
function sampled({ key, flop, run }) {
  let best = Infinity;
  for (let i = 0; i < 5; ++i) {
    const start = performance.now();
    for (let call = 0; call < 4; ++call) run();
    best = Math.min(best, (performance.now() - start) / 4);
  }
  const calls = Math.max(1, Math.round(SAMPLE_MS / Math.max(best, SAMPLE_MS / 1000)));
  return { key, flop: calls * flop, run: () => { for (let call = 0; call < calls; ++call) run(); } };
}

/** Whether the last `steady` rounds made no contestant's best better by more than half a percent. */
function settled(rates, steady) {
  return Object.values(rates).every((all) => all.length > steady && Math.max(...all) <= 1.005 * Math.max(...all.slice(0, -steady)));
}

/**
 * task: {size, rounds (the most), steady, contestants: [{key, kind: probe | hand | weft, file, …}]}. All contestants and `peakInC` (-> {key: GFLOP/s}) run once
 * a round, in an order that turns, so that a change of the machine's speed meets all of them. It ends when it has settled. Returns {rates: {key: GFLOP/s of
 * each round}, missing: [keys that the engine cannot validate]}.
 */
export async function measureGemm(task, fetchBytes, peakInC) {
  const contestants = [], missing = [];
  for (const spec of task.contestants) {
    if (!WebAssembly.validate(await fetchBytes(spec.file))) {
      missing.push(spec.key);
      continue;
    }
    contestants.push({ key: spec.key, ...(await OPEN[spec.kind](spec, fetchBytes, task.size)) });
  }
  for (const contestant of contestants) await warmUp(contestant);
  const open = contestants.map(sampled);
  const rates = Object.fromEntries(open.map(({ key }) => [key, []]));
  for (let round = 0; round < task.rounds && !settled(rates, task.steady); ++round) {
    const from = (round * 3) % open.length;
    for (const { key, flop, run } of [...open.slice(from), ...open.slice(0, from)]) {
      const start = performance.now();
      run();
      rates[key].push(flop / (performance.now() - start) / 1e6);
    }
    for (const [key, rate] of Object.entries(await peakInC())) (rates[key] ??= []).push(rate);
  }
  return { rates, missing };
}

export default (task) =>
  measureGemm(task, async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer()), async () => (await fetch("peak-in-c")).json());
