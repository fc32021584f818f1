// Compiles and runs, so that the page stays alive. Requests are {id, op, …}; answers {id, answer} or {id, error}.
import { load } from "./weft/weft.js";
import { createCompiler } from "./weft/cli/compiler.mjs";

const compiler = createCompiler();
let model, bundle;

const ARRAYS = {
  f64: Float64Array, f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i64: BigInt64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array,
  u64: BigUint64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, boolean: Uint8Array,
};

/** Floats in [-1, 1), integers 0 or 1; 16-bit floats are zeros. */
function random({ dtype, shape }) {
  const array = new ARRAYS[dtype](shape.reduce((a, b) => a * b, 1));
  const next = { f32: () => Math.random() * 2 - 1, f64: () => Math.random() * 2 - 1, f16: () => 0, bf16: () => 0, i64: () => BigInt(Math.random() < 0.5), u64: () => BigInt(Math.random() < 0.5) }[dtype] ?? (() => Number(Math.random() < 0.5));
  for (let i = 0; i < array.length; ++i) array[i] = next();
  return array;
}

/** The elements of a .npy file ("\x93NUMPY", version, header), which must have the input's size. */
function fromNpy(info, buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) throw new Error(`the file for "${info.name}" is no .npy file`);
  const start = view.getUint8(6) >= 2 ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
  const array = new ARRAYS[info.dtype](buffer.slice(start));
  const wanted = info.shape.reduce((a, b) => a * b, 1);
  if (array.length !== wanted) throw new Error(`the file for "${info.name}" holds ${array.length} elements of ${info.dtype}, the model wants ${wanted}`);
  return array;
}

function summary({ name, shape }, data) {
  let min = Infinity, max = -Infinity, sum = 0;
  for (const value of data) {
    const number = Number(value);
    min = Math.min(min, number);
    max = Math.max(max, number);
    sum += number;
  }
  return { name, shape, min, max, mean: sum / data.length, first: Array.from(data.subarray(0, 6), Number) };
}

const operations = {
  async open({ file, shapes }) {
    model = new Uint8Array(await file.arrayBuffer());
    return operations.inspect({ shapes });
  },
  inspect: async ({ shapes }) => (await compiler).inspect(model, { shapes }),
  async compile({ options }) {
    const start = performance.now();
    bundle = await (await compiler).compile(model, options);
    return { ms: performance.now() - start, files: bundle.files, variants: bundle.report.variants };
  },
  async run({ repeat, values }) {
    const files = Object.fromEntries([...bundle.files].map(([name, blob]) => [name, new Response(blob)]));
    const start = performance.now();
    const loaded = await load({ manifest: bundle.manifest, files });
    const loadMs = performance.now() - start;
    try {
      const feed = Object.fromEntries(loaded.info.inputs.map((info) => [info.name, values[info.name] ? fromNpy(info, values[info.name]) : random(info)]));
      const times = [];
      let outputs;
      for (let i = 0; i < repeat; ++i) {
        const begin = performance.now();
        outputs = await loaded.run(feed);
        times.push(performance.now() - begin);
      }
      times.sort((a, b) => a - b);
      return { loadMs, fastestMs: times[0], medianMs: times[times.length >> 1], variant: loaded.info.variant, reason: loaded.info.variantReason, outputs: loaded.info.outputs.map((info) => summary(info, outputs[info.name])) };
    } finally {
      loaded.dispose();
    }
  },
};

self.onmessage = async ({ data: { id, op, ...request } }) => {
  try {
    self.postMessage({ id, answer: await operations[op](request) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
