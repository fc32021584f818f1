// Every line of tests/targets/isa.txt, which the C++ tests hold our assembler to, against wabt's assembler: the bytes,
// and the operand and result types, which wabt checks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import wabt from 'wabt';

const FEATURES = { simd: true, relaxed_simd: true, threads: true };
const TYPES = { i: 'i32', l: 'i64', f: 'f32', d: 'f64', v: 'v128' };

const rows = readFileSync(new URL('../targets/isa.txt', import.meta.url), 'utf8').trimEnd().split('\n').map((line) => {
  const [text, feature, types, hex] = line.split(' | ');
  const [pops, pushes] = types.split(' -> ').map((letters) => (letters === '-' ? '' : letters));
  return { text, feature, pops, pushes, bytes: hex.split(' ').map((byte) => parseInt(byte, 16)) };
});

// Where an instruction cannot stand alone: the body of a function (func (local i32)), # for the instruction itself.
// wabt drops an empty else. In the binary, what stands before # takes `skip` bytes.
const CONTEXTS = {
  'unreachable': ['#', 0],
  'block': ['# end', 0],
  'loop': ['# end', 0],
  'if': ['i32.const 1 # end', 2],
  'else': ['i32.const 1 if # nop end', 4],
  'end': ['block #', 2],
  'br': ['block # end', 2],
  'br_if': ['block i32.const 1 # end', 4],
  'br_table': ['block i32.const 1 # end', 4],
  'return': ['#', 0],
  'call': ['#', 0],
  'call_indirect': ['i32.const 0 #', 2],
  'drop': ['i32.const 0 #', 2],
  'select': ['i32.const 0 i32.const 1 i32.const 2 # drop', 6],
  'local.get': ['# drop', 0],
  'local.set': ['i32.const 0 #', 2],
  'local.tee': ['i32.const 0 # drop', 2],
  'global.get': ['# drop', 0],
  'global.set': ['i32.const 0 #', 2],
};

const list = (keyword, letters) => (letters ? `(${keyword} ${[...letters].map((l) => TYPES[l]).join(' ')})` : '');

/// A module with one function that holds the instruction, and how many bytes of its body come before it.
function moduleOf(row) {
  const open = '(module (type (func)) (table 1 funcref) (memory 1 1 shared) (data "abc") (global (mut i32) (i32.const 0))';
  if (row.pops === '*') {
    const [body, skip] = CONTEXTS[row.text.split(' ')[0]];
    return { text: `${open} (func (local i32) ${body.replace('#', row.text)}))`, skip: skip + 3 };
  }
  const gets = [...row.pops].map((_, i) => `local.get ${i}`).join(' ');
  const signature = `${list('param', row.pops)} ${list('result', row.pushes)}`;
  return { text: `${open} (func ${signature} ${gets} ${row.text}))`, skip: 2 * row.pops.length + 1 };
}

function readLeb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/// The bytes of the only function's body, without its size.
function bodyOf(module) {
  for (let at = 8; at < module.length;) {
    const id = module[at];
    const [size, start] = readLeb(module, at + 1);
    if (id === 10) {
      const [length, body] = readLeb(module, start + 1);
      return [...module.subarray(body, body + length)];
    }
    at = start + size;
  }
  throw new Error('no code section');
}

const assembler = await wabt();

function assemble(text) {
  const module = assembler.parseWat('isa.wat', text, FEATURES);
  try {
    module.validate(FEATURES);
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

test('the table is complete', () => {
  assert.equal(rows.length, 512);
  assert.equal(new Set(rows.map((row) => row.text.split(' ')[0])).size, 512);
});

for (const row of rows) {
  test(`${row.text} (${row.feature})`, () => {
    const { text, skip } = moduleOf(row);
    const body = bodyOf(assemble(text));
    assert.deepEqual(body.slice(skip, skip + row.bytes.length), row.bytes);
    // Nothing of the instruction is left over: what follows is the context's end.
    if (row.pops !== '*') assert.deepEqual(body.slice(skip + row.bytes.length), [0x0b]);
  });
}

test('a wrong opcode would be noticed', () => {
  const row = rows.find((r) => r.text === 'f32x4.add');
  const { text, skip } = moduleOf(row);
  const body = bodyOf(assemble(text.replace('f32x4.add', 'f32x4.sub')));
  assert.notDeepEqual(body.slice(skip, skip + row.bytes.length), row.bytes);
});
