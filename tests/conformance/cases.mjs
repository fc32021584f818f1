// ONNX's own tests of single operators as files (tests/frontends/node_cases.py), and how results are compared with theirs.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "../support/runtime.mjs";

export const CASES = path.join(ROOT, "build/onnx-nodes");

/** Where they are not there yet. */
export function makeCases() {
  if (existsSync(path.join(CASES, "left_out.json"))) return;
  console.error("conformance: making the cases");
  execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/node_cases.py"), CASES], { stdio: ["ignore", 2, 2] });
}

/** By dtype: how bytes become numbers. */
const half = (bits) => {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
};
const brain = (bits) => new Float32Array(new Uint32Array([bits << 16]).buffer)[0];
const ARRAYS = {
  f64: Float64Array, f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i64: BigInt64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array, u64: BigUint64Array,
  u32: Uint32Array, u16: Uint16Array, u8: Uint8Array, boolean: Uint8Array,
};
export const readTensor = ({ dtype, file }) => {
  const bytes = readFileSync(path.join(CASES, file));
  if (dtype === "string") return JSON.parse(bytes);
  return new ARRAYS[dtype](Uint8Array.from(bytes).buffer);
};

/** Empty when right. As numpy's assert_allclose. */
export function compare(got, expected, { rtol, atol }, { dtype, shape }, gotShape) {
  if (JSON.stringify(gotShape) !== JSON.stringify(shape)) return `shape [${gotShape}], not [${shape}]`;
  if (got.constructor !== expected.constructor) return `${got.constructor.name}, not ${expected.constructor.name}`;
  const number = dtype === "f16" ? half : dtype === "bf16" ? brain : (value) => value;
  const isFloat = /^b?f/.test(dtype);
  for (let i = 0; i < expected.length; ++i) {
    const a = number(got[i]), b = number(expected[i]);
    if (a === b || (isFloat && Number.isNaN(a) && Number.isNaN(b))) continue;
    if (!isFloat || !(Math.abs(a - b) <= atol + rtol * Math.abs(b))) return `element ${i} is ${a}, not ${b}`;
  }
  return "";
}
