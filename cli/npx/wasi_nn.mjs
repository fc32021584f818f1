// "weft/wasi-nn": a host of wasi-nn for guests of WASI preview 1, in Node (node:wasi) and in a worker of a page. Types: wasi_nn.d.ts.
import { makeHost } from "../weft.wasi-nn.js";
import { createCompiler } from "./compiler.mjs";

/** The compiler is started here, since a guest's `load` cannot wait for it. */
export async function wasiNN(options = {}) {
  return makeHost({ ...options, compiler: options.compiler ?? (await createCompiler()) });
}
