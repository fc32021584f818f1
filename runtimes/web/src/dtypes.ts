import type { DType, TypedArray } from "./types.js";

export interface ArrayKind {
  /** Name of the typed array that holds the elements, and of others that do too. */
  readonly names: readonly string[];
  readonly bytes: number;
  readonly make: (buffer: ArrayBuffer) => TypedArray;
}

const kind = (make: ArrayKind["make"], bytes: number, ...names: string[]): ArrayKind => ({ names, bytes, make });
const half = kind((b) => new Uint16Array(b), 2, "Uint16Array", "Float16Array");

export const kinds: Readonly<Record<DType, ArrayKind>> = {
  f64: kind((b) => new Float64Array(b), 8, "Float64Array"),
  f32: kind((b) => new Float32Array(b), 4, "Float32Array"),
  f16: half,
  bf16: kind((b) => new Uint16Array(b), 2, "Uint16Array"),
  i64: kind((b) => new BigInt64Array(b), 8, "BigInt64Array"),
  i32: kind((b) => new Int32Array(b), 4, "Int32Array"),
  i16: kind((b) => new Int16Array(b), 2, "Int16Array"),
  i8: kind((b) => new Int8Array(b), 1, "Int8Array"),
  u64: kind((b) => new BigUint64Array(b), 8, "BigUint64Array"),
  u32: kind((b) => new Uint32Array(b), 4, "Uint32Array"),
  u16: kind((b) => new Uint16Array(b), 2, "Uint16Array"),
  u8: kind((b) => new Uint8Array(b), 1, "Uint8Array", "Uint8ClampedArray"),
  boolean: kind((b) => new Uint8Array(b), 1, "Uint8Array", "Uint8ClampedArray"),
};

export const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
