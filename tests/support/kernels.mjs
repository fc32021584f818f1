// Runs kernels of a module as `step` does and compares memory with what the reference evaluator left (tests/support/kernel_files.hpp):
// the same bits for scalar and simd128 (NaN payloads aside), within a tolerance for relaxed SIMD.

const CONTEXT = 16, RECORDS = 128, PARAMS = 256, FIRST = 1024;
const POISON = 0xab;
const SIZES = { f64: 8, i64: 8, u64: 8, f32: 4, i32: 4, u32: 4, f16: 2, bf16: 2, i16: 2, u16: 2, i8: 1, u8: 1, boolean: 1 };

/** Memory as the task's kernel finds it, and a record that calls it over all blocks, `grain` at a time. */
function place(task, grain) {
  const addresses = [];
  let top = FIRST;
  for (const buffer of task.buffers) {
    addresses.push(top);
    // The gap holds the slack; nothing may write to it.
    top = (top + buffer.before.length / 2 + buffer.slack + 64 + 15) & ~15;
  }
  const memory = new WebAssembly.Memory({ initial: (top >> 16) + 1 });
  const view = new DataView(memory.buffer), u8 = new Uint8Array(memory.buffer);
  u8.fill(POISON, FIRST, top);
  task.buffers.forEach((buffer, i) => u8.set(Buffer.from(buffer.before, "hex"), addresses[i]));
  [...addresses, ...task.symbols].forEach((word, i) => view.setUint32(PARAMS + 4 * i, word, true));
  [1, task.kernel, PARAMS, task.blocks, grain, 0, 7, 0].forEach((word, i) => view.setUint32(RECORDS + 4 * i, word, true));
  view.setUint32(CONTEXT, RECORDS, true);
  return { memory, view, u8, addresses, top };
}

/** The state after one step: {view, u8, addresses, top, result}. */
export function run(module, task, grain) {
  const placed = place(task, grain);
  const { step } = new WebAssembly.Instance(module, { env: { memory: placed.memory } }).exports;
  return { ...placed, result: step(CONTEXT, 0) };
}

function element(view, dtype, at) {
  switch (dtype) {
    case "f64": return view.getFloat64(at, true);
    case "f32": return view.getFloat32(at, true);
    case "f16": case "bf16": {
      const bits = view.getUint16(at, true), infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
      return (bits & 0x7fff) > infinity ? NaN : bits;
    }
    case "i64": case "u64": return view.getBigUint64(at, true);
    case "i32": case "u32": return view.getUint32(at, true);
    case "i16": case "u16": return view.getUint16(at, true);
    default: return view.getUint8(at);
  }
}

function close(a, b, tolerance) {
  if (Object.is(a, b)) return true;
  return tolerance > 0 && typeof a === "number" && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), 1);
}

/** '' or what differs between memory after a run and what the evaluator left; bytes outside the buffers must be as they were. */
export function difference(ran, task, tolerance) {
  let at = FIRST;
  for (const [i, buffer] of task.buffers.entries()) {
    const start = ran.addresses[i], length = buffer.before.length / 2, size = SIZES[buffer.dtype];
    for (; at < start; at++) if (ran.u8[at] !== POISON) return `byte ${at} in front of ${buffer.name} was written`;
    at = start + length;
    if (buffer.space === "scratch") continue;
    const wanted = new DataView(new Uint8Array(Buffer.from(buffer.after, "hex")).buffer);
    for (let e = 0; e < length; e += size) {
      const a = element(ran.view, buffer.dtype, start + e), b = element(wanted, buffer.dtype, e);
      if (!close(a, b, tolerance)) return `${buffer.name}[${e / size}] is ${a}, not ${b}`;
    }
  }
  for (; at < ran.top; at++) if (ran.u8[at] !== POISON) return `byte ${at} after the last buffer was written`;
  return "";
}

export const GRAINS = [0, 1, 3];

/** '' or what differs, over all grains. */
export function check(module, task, tolerance) {
  for (const grain of GRAINS) {
    const ran = run(module, task, grain);
    if (ran.result !== 0) return `grain ${grain}: step gave ${ran.result}`;
    const wrong = difference(ran, task, tolerance);
    if (wrong !== "") return `grain ${grain}: ${wrong}`;
  }
  return "";
}
