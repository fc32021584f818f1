// step(): the interpreter of the plan's records, and what the emitted loops look like.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

import { validate } from '../support/validate.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = join(ROOT, process.env.WEFT_BUILD ?? 'build/release', 'tests/kernel_to_wasm');
const scratch = mkdtempSync(join(tmpdir(), 'weft-step-'));
after(() => rmSync(scratch, { recursive: true }));

function compile(kernel, variant) {
  const out = join(scratch, `${kernel}.${variant}.wasm`);
  execFileSync(TOOL, [variant, join(ROOT, 'tests/targets/kernels', `${kernel}.txt`), out]);
  return readFileSync(out);
}

const CONTEXT = 16, RECORDS = 128, PARAMS = 512, A = 1024, B = 2048, C = 4096;
const DONE = 0, YIELD = 1, ERROR = 4;

// add.txt: c[i] = a[i] + b[0] for 37 blocks.
function program(records) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new DataView(memory.buffer);
  const words = (at, values) => values.forEach((value, i) => view.setUint32(at + 4 * i, value, true));
  words(CONTEXT, [RECORDS]);
  words(PARAMS, [A, B, C]);
  records.forEach((record, i) => words(RECORDS + 32 * i, record));
  for (let i = 0; i < 37; i++) view.setFloat32(A + 4 * i, i, true);
  view.setFloat32(B, 0.5, true);
  const { step } = new WebAssembly.Instance(new WebAssembly.Module(compile('add', 'scalar')), { env: { memory } }).exports;
  return { step, view, c: () => Array.from(new Float32Array(memory.buffer, C, 37)), word: (i) => view.getUint32(CONTEXT + 4 * i, true) };
}

const CALL = [1, 0, PARAMS, 37, 5, 0, 9, 0];
const END = [0, 0, 0, 0, 0, 0, 0, 0];
const SUMS = Array.from({ length: 37 }, (_, i) => i + 0.5);

test('runs to the end, and stays there', () => {
  const p = program([CALL, END]);
  assert.equal(p.step(CONTEXT, 0), DONE);
  assert.deepEqual(p.c(), SUMS);
  assert.equal(p.word(0), RECORDS + 32);
  assert.equal(p.step(CONTEXT, 0), DONE);
});

// Records that jump. The index of a loop is the word at INDEX, its condition the byte at FLAG.
const INDEX = 600, FLAG = 604, COUNT = 608;
const FILL_INDEX = [2, INDEX, 4, 255, 0, 0, 0, 0];
const at = (record) => RECORDS + 32 * record;
/** c = a + b, then b = the first of c, so that every iteration adds b[0] = 0.5 to what there was. */
const FEED = [3, A, C, 4 * 37, 0, 0, 0, 0];
const loop = (trips, condition) => [FILL_INDEX, [5, 0, 0, at(4)], CALL, FEED, [6, INDEX, trips, at(2), condition, 0, 0, 0], END];

test('a loop runs as often as it says, also never, and yields in it', () => {
  for (const trips of [0, 1, 5]) {
    const p = program(loop(trips, 0));
    assert.equal(p.step(CONTEXT, 0), DONE);
    assert.equal(p.view.getUint32(INDEX, true), trips);
    assert.deepEqual(p.c(), trips === 0 ? new Array(37).fill(0) : SUMS.map((x) => x + (trips - 1) / 2));
  }
  const p = program(loop(5, 0));
  let yields = 0;
  for (let result; (result = p.step(CONTEXT, 1)) !== DONE; yields++) assert.equal(result, YIELD);
  assert.equal(yields, 1 + 5 * 8 + 6, 'the jump to the index, each call of 5 of 37 blocks, and each time that the index is looked at');
  assert.deepEqual(p.c(), SUMS.map((x) => x + 2));
});

test('a loop ends when its condition is false, and an if jumps over what it holds', () => {
  for (const flag of [0, 1]) {
    const p = program(loop(3, FLAG));
    p.view.setUint8(FLAG, flag);
    assert.equal(p.step(CONTEXT, 0), DONE);
    assert.deepEqual(p.c(), flag ? SUMS.map((x) => x + 1) : new Array(37).fill(0));
    const branch = program([[5, FLAG, 0, at(2)], CALL, [2, COUNT, 1, 7], END]);
    branch.view.setUint8(FLAG, flag);
    assert.equal(branch.step(CONTEXT, 0), DONE);
    assert.deepEqual(branch.c(), flag ? SUMS : new Array(37).fill(0));
    assert.equal(branch.view.getUint8(COUNT), 7);
  }
});

test('yields after each budget of kernel calls and goes on', () => {
  const p = program([CALL, CALL, END]);
  let yields = 0;
  for (let result; (result = p.step(CONTEXT, 3)) !== DONE; yields++) {
    assert.equal(result, YIELD);
    if (yields === 0) assert.deepEqual([p.word(0), p.word(1), p.c()[14], p.c()[15]], [RECORDS, 15, 14.5, 0]);
    assert.ok(yields < 100);
  }
  assert.equal(yields, 5);  // 2 * 8 calls
  assert.deepEqual(p.c(), SUMS);
});

test('fills and copies', () => {
  const p = program([[2, C, 148, 1, 0, 0, 0, 0], [3, C + 4, A, 8, 0, 0, 0, 0], END]);
  assert.equal(p.step(CONTEXT, 0), DONE);
  assert.equal(p.view.getUint32(C, true), 0x01010101);
  assert.deepEqual(p.c().slice(1, 3), [0, 1]);
  assert.equal(p.view.getUint32(C + 144, true), 0x01010101);
  assert.equal(p.view.getUint32(C + 148, true), 0);
});

test('an error stops it with the node of the record', () => {
  const p = program([CALL, END]);
  p.view.setUint32(CONTEXT + 8, 3, true);  // as if the kernel had found something
  assert.equal(p.step(CONTEXT, 0), ERROR);
  assert.deepEqual([p.word(1), p.word(2), p.word(3)], [5, 3, 9]);
});

test('a record that it does not know is an error', () => {
  const p = program([[77, 0, 0, 0, 0, 0, 6, 0], END]);
  assert.equal(p.step(CONTEXT, 0), ERROR);
  assert.deepEqual([p.word(2), p.word(3)], [0xffffffff, 6]);
});

// The body of the innermost loop, as instructions.
async function inner_loop(bytes) {
  const module = (await wabt()).readWasm(new Uint8Array(bytes), { simd: true, relaxed_simd: true, bulk_memory: true, readDebugNames: true });
  const lines = module.toText({ foldExprs: false }).split('\n').map((line) => line.trim());
  const first = lines.slice(0, lines.findIndex((line) => line.includes('f32x4.relaxed_madd') || line.includes('f32x4.mul'))).lastIndexOf(
      lines.findLast((line, i) => line.startsWith('loop') && i < lines.findIndex((l) => l.includes('f32x4.relaxed_madd') || l.includes('f32x4.mul'))));
  return lines.slice(first + 1, lines.indexOf('end', first));
}

const count = (lines, what) => lines.filter((line) => line.startsWith(what)).length;

test('the inner loop of a GEMM is what one would write by hand', async () => {
  const bytes = compile('gemm_6x8', 'relaxed');
  const loop = await inner_loop(bytes);
  assert.equal(count(loop, 'f32x4.relaxed_madd'), 12);
  assert.equal(count(loop, 'v128.load32_splat'), 6);
  assert.equal(count(loop, 'v128.load'), 6 + 2);
  assert.equal(count(loop, 'i32.mul') + count(loop, 'i32.shl'), 0);
  assert.equal(count(loop, 'i32.add') + count(loop, 'i32.sub'), 3);  // two pointers and the counter
  const unrolled = await inner_loop(compile('gemm_3x12', 'simd128'));
  assert.equal(count(unrolled, 'f32x4.mul'), 4 * 9);
  assert.equal(count(unrolled, 'f32x4.add'), 4 * 9);
  assert.equal(count(unrolled, 'v128.load'), 4 * 6);
  assert.equal(count(unrolled, 'i32.add') + count(unrolled, 'i32.sub'), 3);
});

test('modules are valid for every validator', async () => {
  for (const variant of ['scalar', 'simd128']) assert.deepEqual(await validate(compile('casts', variant)), []);
});
