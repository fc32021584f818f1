// C programs for WASI that relocatable objects are linked into: Debian's clang-19, wasm-ld-19 and wasi-libc (tools/setup wasm).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const CLANG = ['--target=wasm32-wasi', '-O2', '-msimd128', '-Wall', '-Wextra', '-Werror', '-fno-stack-protector'];

/// Compiles and links; `objects` are files. Returns the program's bytes.
export function linkProgram(source, { objects = [], include = [], flags = [], language = 'c' }) {
  const folder = mkdtempSync(join(tmpdir(), 'weft-link-'));
  try {
    const at = (name) => join(folder, name);
    writeFileSync(at(`app.${language}`), source);
    execFileSync('clang-19', [...CLANG, ...(language === 'cpp' ? ['-fno-exceptions'] : []), ...flags, ...include.map((path) => `-I${path}`), '-c', at(`app.${language}`), '-o', at('app.o')]);
    execFileSync('wasm-ld-19', ['-L/usr/lib/wasm32-wasi', '/usr/lib/wasm32-wasi/crt1.o', at('app.o'), ...objects, '-lc',
      '/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a', '-o', at('app.wasm')]);
    return readFileSync(at('app.wasm'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/// Runs a program with Node's WASI in a process of its own, where `folder` is "."; the standard output.
export function runProgram(bytes, { folder, args = [] } = {}) {
  const temporary = mkdtempSync(join(tmpdir(), 'weft-link-'));
  try {
    writeFileSync(join(temporary, 'app.wasm'), bytes);
    const script = `const { WASI } = require('node:wasi');
      const wasi = new WASI({ version: 'preview1', returnOnExit: true, args: ${JSON.stringify(['app', ...args])}, preopens: ${JSON.stringify(folder ? { '.': folder } : {})} });
      const module = new WebAssembly.Module(require('node:fs').readFileSync(${JSON.stringify(join(temporary, 'app.wasm'))}));
      process.exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));`;
    const done = spawnSync(process.execPath, ['--no-warnings', '-e', script], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`exit code ${done.status}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
