import type { DType, TypedArray } from "./types.js";

export interface ArrayKind {
  /** Name of the typed array that holds the elements, and of others that do too. */
  readonly names: readonly string[];
  readonly bytes: number;
  /** All of a buffer, or `length` elements from byte `at` on. */
  readonly make: (buffer: ArrayBuffer, at?: number, length?: number) => TypedArray;
}

type Make = new (buffer: ArrayBuffer, at?: number, length?: number) => TypedArray;
const kind = (Kind: Make & { readonly BYTES_PER_ELEMENT: number }, ...others: string[]): ArrayKind => ({
  names: [Kind.name, ...others],
  bytes: Kind.BYTES_PER_ELEMENT,
  make: (buffer, at, length) => new Kind(buffer, at, length),
});
const bytes = kind(Uint8Array, "Uint8ClampedArray");

export const kinds = {
  f64: kind(Float64Array),
  f32: kind(Float32Array),
  f16: kind(Uint16Array, "Float16Array"),
  bf16: kind(Uint16Array),
  i64: kind(BigInt64Array),
  i32: kind(Int32Array),
  i16: kind(Int16Array),
  i8: kind(Int8Array),
  u64: kind(BigUint64Array),
  u32: kind(Uint32Array),
  u16: kind(Uint16Array),
  u8: bytes,
  boolean: bytes,
} as Record<DType, ArrayKind>;
// In memory, ids.
if (STRINGS) kinds.string = kinds.i32;

export const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
