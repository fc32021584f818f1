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

import { check as compare, difference, run } from '../support/kernels.mjs';
import { hasRelaxedSimd } from '../support/validate.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TOOL = join(ROOT, process.env.WEFT_BUILD ?? 'build/release', 'tests/kernel_to_wasm');
const KERNELS = join(ROOT, 'tests/targets/kernels');
const RANDOM = Number(process.env.WEFT_RANDOM_KERNELS ?? 150);
const VARIANTS = hasRelaxedSimd ? ['scalar', 'simd128', 'relaxed'] : ['scalar', 'simd128'];
const scratch = mkdtempSync(join(tmpdir(), 'weft-kernels-'));
after(() => rmSync(scratch, { recursive: true }));

const load = (path, variant) => new WebAssembly.Module(readFileSync(`${path}.${variant}.wasm`));
const readTask = (path) => JSON.parse(readFileSync(`${path}.json`, 'utf8'));
const check = (path, variant, tolerance) => assert.equal(compare(load(path, variant), readTask(path), tolerance), '', `${path} ${variant}`);

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
  const task = readTask(out);
  const ran = run(load(out, 'simd128'), task, 0);
  assert.equal(difference(ran, task, 0), '');
  const last = ran.addresses[2] + task.buffers[2].before.length / 2;
  ran.u8[last] ^= 1;
  assert.match(difference(ran, task, 0), /after the last/);
  ran.u8[last] ^= 1;
  ran.u8[last - 4] ^= 1;
  assert.match(difference(ran, task, 0), /c\[36\] is/);
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
