// "weft/wasi-nn/wit": a host of wasi-nn for components that jco has translated to JavaScript, in Node and in pages. Types: wasi_nn_wit.d.ts.
import { makeHost } from "../weft.wasi-nn-wit.js";
import { createCompiler } from "./compiler.mjs";

/** The compiler is started here, since a component's `load` cannot wait for it. */
export async function wasiNN(options = {}) {
  return makeHost({ ...options, compiler: options.compiler ?? (await createCompiler()) });
}
