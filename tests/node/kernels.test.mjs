// Kernels in the engine against the reference evaluator: the same bits for scalar and simd128 (NaN payloads aside), within a
// tolerance for relaxed SIMD. Kernels of tests/targets/kernels/*.txt, and random ones.
// The tool comes from $WEFT_BUILD (default: build/release), target kernel_to_wasm.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { hasRelaxedSimd } from '../support/validate.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = join(ROOT, process.env.WEFT_BUILD ?? 'build/release', 'tests/kernel_to_wasm');
const KERNELS = join(ROOT, 'tests/targets/kernels');
const RANDOM = Number(process.env.WEFT_RANDOM_KERNELS ?? 150);
const VARIANTS = hasRelaxedSimd ? ['scalar', 'simd128', 'relaxed'] : ['scalar', 'simd128'];
const scratch = mkdtempSync(join(tmpdir(), 'weft-kernels-'));
after(() => rmSync(scratch, { recursive: true }));

const CONTEXT = 16, RECORDS = 128, PARAMS = 256, FIRST = 1024;
const POISON = 0xab;
const SIZES = { f64: 8, i64: 8, u64: 8, f32: 4, i32: 4, u32: 4, f16: 2, bf16: 2, i16: 2, u16: 2, i8: 1, u8: 1, boolean: 1 };

// One record: call kernel 0 over all blocks, `grain` at a time.
function instantiate(bytes, task, grain) {
  const addresses = [];
  let top = FIRST;
  for (const buffer of task.buffers) {
    addresses.push(top);
    // The gap holds the slack; nothing may write to it.
    top = (top + buffer.before.length / 2 + buffer.slack + 64 + 15) & ~15;
  }
  const pages = (top >> 16) + 1;
  const memory = new WebAssembly.Memory({ initial: pages });
  const view = new DataView(memory.buffer), u8 = new Uint8Array(memory.buffer);
  u8.fill(POISON, FIRST);
  task.buffers.forEach((buffer, i) => u8.set(Buffer.from(buffer.before, 'hex'), addresses[i]));
  [...addresses, ...task.symbols].forEach((word, i) => view.setUint32(PARAMS + 4 * i, word, true));
  [1, 0, PARAMS, task.blocks, grain, 0, 7, 0].forEach((word, i) => view.setUint32(RECORDS + 4 * i, word, true));
  view.setUint32(CONTEXT, RECORDS, true);
  const { step } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
  return { step, view, u8, addresses, top };
}

function element(view, dtype, at) {
  switch (dtype) {
    case 'f64': return view.getFloat64(at, true);
    case 'f32': return view.getFloat32(at, true);
    case 'f16': case 'bf16': {
      const bits = view.getUint16(at, true), infinity = dtype === 'f16' ? 0x7c00 : 0x7f80;
      return (bits & 0x7fff) > infinity ? NaN : bits;
    }
    case 'i64': case 'u64': return view.getBigUint64(at, true);
    case 'i32': case 'u32': return view.getUint32(at, true);
    case 'i16': case 'u16': return view.getUint16(at, true);
    default: return view.getUint8(at);
  }
}

function close(a, b, tolerance) {
  if (Object.is(a, b)) return true;
  return tolerance > 0 && typeof a === 'number' && Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), 1);
}

// '' or what differs.
function difference(run, task, tolerance) {
  let at = FIRST;
  for (const [i, buffer] of task.buffers.entries()) {
    const start = run.addresses[i], length = buffer.before.length / 2, size = SIZES[buffer.dtype];
    for (; at < start; at++) if (run.u8[at] !== POISON) return `byte ${at} in front of ${buffer.name} was written`;
    at = start + length;
    if (buffer.space === 'scratch') continue;
    const wanted = new DataView(new Uint8Array(Buffer.from(buffer.after, 'hex')).buffer);
    for (let e = 0; e < length; e += size) {
      const a = element(run.view, buffer.dtype, start + e), b = element(wanted, buffer.dtype, e);
      if (!close(a, b, tolerance)) return `${buffer.name}[${e / size}] is ${a}, not ${b}`;
    }
  }
  for (; at < run.top; at++) if (run.u8[at] !== POISON) return `byte ${at} after the last buffer was written`;
  return '';
}

function check(path, variant, tolerance) {
  const task = JSON.parse(readFileSync(`${path}.json`, 'utf8'));
  const bytes = readFileSync(`${path}.${variant}.wasm`);
  for (const grain of [0, 1, 3]) {
    const run = instantiate(bytes, task, grain);
    assert.equal(run.step(CONTEXT, 0), 0);
    assert.equal(difference(run, task, tolerance), '', `${path} ${variant} grain ${grain}`);
  }
}

const tolerance = (variant) => (variant === 'relaxed' ? 1e-5 : 0);

for (const file of readdirSync(KERNELS).filter((name) => name.endsWith('.txt')).sort()) {
  test(`kernel ${file}`, () => {
    const out = join(scratch, file);
    execFileSync(TOOL, ['--case', '1', join(KERNELS, file), out], { stdio: ['ignore', 'inherit', 'inherit'] });
    for (const variant of VARIANTS) check(out, variant, tolerance(variant));
  });
}

test('the comparison notices one bit, and one byte out of place', () => {
  const out = join(scratch, 'noticed');
  execFileSync(TOOL, ['--case', '1', join(KERNELS, 'add.txt'), out]);
  const task = JSON.parse(readFileSync(`${out}.json`, 'utf8'));
  const run = instantiate(readFileSync(`${out}.simd128.wasm`), task, 0);
  run.step(CONTEXT, 0);
  assert.equal(difference(run, task, 0), '');
  const last = run.addresses[2] + task.buffers[2].before.length / 2;
  run.u8[last] ^= 1;
  assert.match(difference(run, task, 0), /after the last/);
  run.u8[last] ^= 1;
  run.u8[last - 4] ^= 1;
  assert.match(difference(run, task, 0), /c\[36\] is/);
});

// Relaxed results may differ by more than any tolerance after a comparison or a bit cast, so random kernels leave them out.
// Those that turn a computed float into integer bits may see the sign and payload of a NaN, which engines choose: skipped, and printed.
test(`${RANDOM} random kernels`, (t) => {
  execFileSync(TOOL, ['--random', '0', String(RANDOM), join(scratch, 'r')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const failures = [], skipped = [];
  for (let seed = 0; seed < RANDOM; seed++) {
    if (/bitcast [iu]\d+ \((?!load)/.test(readFileSync(join(scratch, `r${seed}.txt`), 'utf8'))) {
      skipped.push(seed);
      continue;
    }
    for (const variant of ['scalar', 'simd128']) {
      try {
        check(join(scratch, `r${seed}`), variant, 0);
      } catch (error) {
        failures.push(`seed ${seed} ${variant}: ${error.message.split('\n')[0]} ${error.actual ?? ''}`);
      }
    }
  }
  t.diagnostic(`skipped, because they may see the bits of a NaN: ${skipped.join(' ')}`);
  assert.ok(skipped.length < RANDOM / 4);
  assert.deepEqual(failures, []);
});
