import type { DType, TypedArray } from "./types.js";

export interface ArrayKind {
  /** Name of the typed array that holds the elements, and of others that do too. */
  readonly names: readonly string[];
  readonly bytes: number;
  /** All of a buffer, or `length` elements from byte `at` on. */
  readonly make: (buffer: ArrayBuffer, at?: number, length?: number) => TypedArray;
}

const kind = (make: ArrayKind["make"], bytes: number, ...names: string[]): ArrayKind => ({ names, bytes, make });
const half = kind((b, at, n) => new Uint16Array(b, at, n), 2, "Uint16Array", "Float16Array");

export const kinds: Readonly<Record<DType, ArrayKind>> = {
  f64: kind((b, at, n) => new Float64Array(b, at, n), 8, "Float64Array"),
  f32: kind((b, at, n) => new Float32Array(b, at, n), 4, "Float32Array"),
  f16: half,
  bf16: kind((b, at, n) => new Uint16Array(b, at, n), 2, "Uint16Array"),
  i64: kind((b, at, n) => new BigInt64Array(b, at, n), 8, "BigInt64Array"),
  i32: kind((b, at, n) => new Int32Array(b, at, n), 4, "Int32Array"),
  i16: kind((b, at, n) => new Int16Array(b, at, n), 2, "Int16Array"),
  i8: kind((b, at, n) => new Int8Array(b, at, n), 1, "Int8Array"),
  u64: kind((b, at, n) => new BigUint64Array(b, at, n), 8, "BigUint64Array"),
  u32: kind((b, at, n) => new Uint32Array(b, at, n), 4, "Uint32Array"),
  u16: kind((b, at, n) => new Uint16Array(b, at, n), 2, "Uint16Array"),
  u8: kind((b, at, n) => new Uint8Array(b, at, n), 1, "Uint8Array", "Uint8ClampedArray"),
  boolean: kind((b, at, n) => new Uint8Array(b, at, n), 1, "Uint8Array", "Uint8ClampedArray"),
};

export const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
