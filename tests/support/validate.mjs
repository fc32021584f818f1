// Independent validators for the modules that weft writes: the engine's own and wabt's.
//   node tests/support/validate.mjs FILE...    prints what is wrong with each file; the exit code is 1 when anything is
//   import { validate } from '.../validate.mjs'    await validate(bytes) -> list of problems, empty when there are none
// Node 20 knows no relaxed SIMD, so the command starts itself again in node_modules' Node 24.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const FEATURES = { simd: true, relaxed_simd: true, threads: true, bulk_memory: true, sat_float_to_int: true,
                   sign_extension: true, mutable_globals: true, reference_types: true, multi_value: true };

export const hasRelaxedSimd = WebAssembly.validate(Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, 15, 1, 13, 0, 0x41, 0, 0xfd, 0x0f, 0x41, 0,
  0xfd, 0x0f, 0xfd, 0x80, 2, 0x0b));

let loadedWabt;

/// What is wrong with a module, one sentence each: [] when both validators accept it. Where the engine lacks relaxed SIMD
/// a module that uses it is reported by `engine: ...` like any other failure.
export async function validate(bytes) {
  const problems = [];
  try {
    new WebAssembly.Module(bytes);
  } catch (error) {
    problems.push(`engine: ${error.message}`);
  }
  loadedWabt ??= await wabt();
  let module;
  try {
    // A copy, because wabt reads a Buffer's whole pool and not the view.
    module = loadedWabt.readWasm(new Uint8Array(bytes), { ...FEATURES, readDebugNames: true });
    module.validate(FEATURES);
  } catch (error) {
    problems.push(`wabt: ${error.message.trim()}`);
  } finally {
    module?.destroy();
  }
  return problems;
}

async function main(files) {
  if (files.length === 0) {
    console.error('usage: node tests/support/validate.mjs FILE...');
    return 2;
  }
  const newer = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!hasRelaxedSimd && existsSync(newer) && realpathSync(newer) !== realpathSync(process.execPath)) {
    return spawnSync(newer, [fileURLToPath(import.meta.url), ...files], { stdio: 'inherit' }).status ?? 1;
  }
  let failed = 0;
  for (const file of files) {
    for (const problem of await validate(readFileSync(file))) {
      console.error(`${file}: ${problem}`);
      failed = 1;
    }
  }
  return failed;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
