// node tools/run-wasi.mjs PROGRAM.wasm [ARGS...]: runs a WASI command that sees the same files as we do, with its exit code
// as ours.
import { readdirSync } from "node:fs";
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
// Relative paths start at ".". Absolute ones need each top folder by name: wasi-libc takes "/" and "." for the same.
const preopens = { ".": "." };
for (const entry of readdirSync("/", { withFileTypes: true })) {
  if (entry.isDirectory()) preopens[`/${entry.name}`] = `/${entry.name}`;
}
const wasi = new WASI({ version: "preview1", args: [program, ...args], preopens, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(await readFile(program), wasi.getImportObject());
process.exitCode = wasi.start(instance);
