// The modules of tests/targets/cases/assembler are valid: the bytes of their dumps, which the C++ tests hold the
// assembler to, in the engine and in wabt.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { hasRelaxedSimd, validate } from '../support/validate.mjs';

const folder = new URL('../targets/cases/assembler/', import.meta.url);

function bytesOf(file) {
  const dump = readFileSync(new URL(file, folder), 'utf8').split('----\n')[1];
  const bytes = [];
  for (const line of dump.trimEnd().split('\n')) {
    assert.equal(parseInt(line, 16), bytes.length, line);
    bytes.push(...line.slice(8, 43).trim().split(' ').filter(Boolean).map((byte) => parseInt(byte, 16)));
  }
  return Uint8Array.from(bytes);
}

for (const file of readdirSync(folder).sort()) {
  test(file, async () => {
    const problems = await validate(bytesOf(file));
    // Node 20 runs everything else.
    const expected = hasRelaxedSimd ? problems : problems.filter((problem) => !problem.includes('relaxed-simd'));
    assert.deepEqual(expected, []);
  });
}

test('a damaged module is refused', async () => {
  const bytes = bytesOf('dot_product.txt');
  bytes[bytes.lastIndexOf(0x6a)] = 0x92;
  assert.equal((await validate(bytes)).length, 2);
});
