// node tools/run-wasi.mjs PROGRAM.wasm [ARGS...]: runs a WASI command with the current folder (and / for absolute paths)
// preopened, and its exit code as ours.
import { readFile } from "node:fs/promises";
import process from "node:process";

// node:wasi announces on every start that it is experimental; that is known here.
process.removeAllListeners("warning");
const { WASI } = await import("node:wasi");

const [program, ...args] = process.argv.slice(2);
if (program === undefined) {
  console.error("usage: node tools/run-wasi.mjs PROGRAM.wasm [ARGS...]");
  process.exit(2);
}
const wasi = new WASI({ version: "preview1", args: [program, ...args], preopens: { ".": ".", "/": "/" }, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(await readFile(program), wasi.getImportObject());
process.exitCode = wasi.start(instance);
