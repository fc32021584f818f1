// build/wasm/weft-interpreter.wasm (tools/build-interpreter): any ONNX bytes in nothing but WebAssembly. One model an instance.
import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./runtime.mjs";

const ARRAYS = { f32: Float32Array, f64: Float64Array, i64: BigInt64Array, u64: BigUint64Array, i32: Int32Array, u32: Uint32Array, i16: Int16Array, u16: Uint16Array, i8: Int8Array, u8: Uint8Array, boolean: Uint8Array, f16: Uint16Array, bf16: Uint16Array };

export const MODULE = process.env.WEFT_INTERPRETER ?? path.join(ROOT, "build/wasm/weft-interpreter.wasm");
let module;

export class Interpreter {
  constructor() {
    module ??= new WebAssembly.Module(readFileSync(MODULE));
    // What libc imports and this program does not use but to die: text on the standard error.
    const wasi = new Proxy({}, { get: (_, name) => (name === "fd_write" ? (_fd, iovs, count, written) => this.write(iovs, count, written) : () => 8) });
    this.instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
    this.exports = this.instance.exports;
    this.exports._initialize?.();
  }

  write(iovs, count, written) {
    const words = new Uint32Array(this.exports.memory.buffer, iovs, 2 * count);
    let all = 0;
    for (let i = 0; i < count; ++i) {
      process.stderr.write(Buffer.from(this.exports.memory.buffer, words[2 * i], words[2 * i + 1]));
      all += words[2 * i + 1];
    }
    new Uint32Array(this.exports.memory.buffer, written, 1)[0] = all;
    return 0;
  }

  message(length) {
    return new TextDecoder().decode(new Uint8Array(this.exports.memory.buffer, this.exports.message(), length));
  }

  put(bytes, then) {
    const at = this.exports.allocate(bytes.byteLength || 1);
    new Uint8Array(this.exports.memory.buffer, at, bytes.byteLength).set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const result = then(at);
    this.exports.release(at);
    return result;
  }

  check(length) {
    if (length) throw new Error(this.message(length));
  }

  load(bytes) {
    this.check(this.put(bytes, (at) => this.exports.load(at, bytes.byteLength)));
    return this.named();
  }

  loadGraph(text) {
    const bytes = new TextEncoder().encode(text);
    this.check(this.put(bytes, (at) => this.exports.load_graph(at, bytes.byteLength)));
    return this.named();
  }

  named() {
    const ports = (outputs) => this.message(this.exports.ports(outputs)).split("\n").slice(0, -1).map((line) => line.split("\t")).map(([name, type]) => ({ name, dtype: type.split("[")[0] }));
    this.inputs = ports(0);
    this.outputs = ports(1);
    return this;
  }

  /** feeds: {name: {data, shape}}. */
  set(feeds) {
    this.inputs.forEach(({ name }, i) => {
      const { data, shape } = feeds[name];
      this.put(Int32Array.from(shape.length ? shape : [0]), (dims) => this.check(this.put(data, (at) => this.exports.set_input(i, dims, shape.length, at, data.byteLength))));
    });
  }

  compute() {
    this.check(this.exports.compute());
  }

  /** As compute, by the graph's evaluator alone. */
  evaluate() {
    this.check(this.exports.evaluate());
  }

  shapeOf(output) {
    return this.message(this.exports.output_shape(this.outputs.findIndex(({ name }) => name === output))).split(" ").slice(0, -1).map(Number);
  }

  /** {name: typed array} */
  results() {
    return Object.fromEntries(this.outputs.map(({ name, dtype }, i) => {
      const at = this.exports.output_data(i);
      return [name, new ARRAYS[dtype](this.exports.memory.buffer.slice(at, at + this.exports.output_bytes(i)))];
    }));
  }

  run(feeds) {
    this.set(feeds);
    this.compute();
    return this.results();
  }

  evaluated() {
    return this.message(this.exports.evaluated()).split("\n").slice(0, -1);
  }
}
