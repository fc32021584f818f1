import type { DType } from "../types.js";
import { refuse } from "./errors.js";

export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

// What the codes mean, and what guests of the wasi-nn crate up to 0.5 mean by them. How many bytes there are tells them apart.
const meanings: readonly (readonly [DType, DType?])[] = [["f16"], ["f32"], ["f64", "u8"], ["u8", "i32"], ["i32"], ["i64"]];
const sizes: Readonly<Partial<Record<DType, number>>> = { f16: 2, f32: 4, f64: 8, u8: 1, i32: 4, i64: 8 };

export function dtypeOf(code: number, dims: readonly number[], bytes: number): DType {
  const [now, legacy] = meanings[code] ?? refuse("invalid_argument", `tensor type ${code} is none of 0 to 5`);
  const count = dims.reduce((product, extent) => (product === 0n ? 0n : product * BigInt(extent)), 1n);
  for (const type of [now, legacy]) if (type !== undefined && count * BigInt(sizes[type]!) === BigInt(bytes)) return type;
  return refuse("invalid_argument", `${count} elements of tensor type ${code} (${now}) are not ${bytes} bytes`);
}

/** By what name data for an input comes whose type wasi-nn cannot say: that of its size. */
const carriers: Readonly<Partial<Record<DType, DType>>> = { boolean: "u8", i8: "u8", i16: "f16", u16: "f16", bf16: "f16", u32: "i32", u64: "i64" };
export const carrier = (dtype: DType): DType => carriers[dtype] ?? dtype;
export const carries = (given: DType, port: DType): boolean => given === port || given === carrier(port);
