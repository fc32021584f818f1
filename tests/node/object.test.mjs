// Relocatable objects: what wasm-ld makes of them, and what the programs compute.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { linkProgram, runProgram } from '../support/link.mjs';

const temporary = (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-object-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

function bytesOfDump(file) {
  const dump = readFileSync(new URL(`../targets/cases/assembler/${file}`, import.meta.url), 'utf8').split('----\n')[1];
  return Uint8Array.from(dump.trimEnd().split('\n').flatMap((line) => line.slice(8, 43).trim().split(' ').filter(Boolean).map((byte) => parseInt(byte, 16))));
}

test('calls, slots of the table and addresses are linked', (t) => {
  const folder = temporary(t);
  const object = join(folder, 'calls.o');
  writeFileSync(object, bytesOfDump('relocatable.txt'));
  const app = `#include <stdio.h>
    int weft_text_apply(int which, int x);
    int weft_text_lane(int x);
    static int thrice(int x) { return 3 * x; }
    int (*volatile pointer)(int) = thrice;   /* slots of the table that are not the object's */
    int main(void) { printf("%d %d %d %d", weft_text_apply(0, 5), weft_text_apply(1, 5), pointer(weft_text_lane(11)), 1); }`;
  assert.equal(runProgram(linkProgram(app, { objects: [object] })), '27 107 33 1');
  const listing = execFileSync('llvm-objdump-19', ['-r', '-t', object], { encoding: 'utf8' });
  assert.match(listing, /R_WASM_TABLE_INDEX_I32\s+square/);
  assert.match(listing, /R_WASM_MEMORY_ADDR_SLEB\s+lists\+4/);
  assert.match(listing, /weft_text_apply/);
});
