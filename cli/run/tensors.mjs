// Inputs from files and generators, outputs as files and as a summary.
import { readFileSync } from "node:fs";

import { RunError } from "./errors.mjs";

const wrong = (message) => new RunError("invalid-argument", message);

/** By dtype: the array that the runtime wants, and numpy's name; bfloat16, which numpy lacks, travels as its bits. */
const KINDS = {
  f64: { array: Float64Array, npy: "f8" }, f32: { array: Float32Array, npy: "f4" },
  f16: { array: Uint16Array, npy: "f2" }, bf16: { array: Uint16Array, npy: "u2" },
  i64: { array: BigInt64Array, npy: "i8" }, i32: { array: Int32Array, npy: "i4" }, i16: { array: Int16Array, npy: "i2" }, i8: { array: Int8Array, npy: "i1" },
  u64: { array: BigUint64Array, npy: "u8" }, u32: { array: Uint32Array, npy: "u4" }, u16: { array: Uint16Array, npy: "u2" }, u8: { array: Uint8Array, npy: "u1" },
  boolean: { array: Uint8Array, npy: "b1" },
};

const elements = (shape) => shape.reduce((product, extent) => product * extent, 1);
const shown = ({ dtype, shape }) => `${dtype} [${shape.join(", ")}]`;

// --- halves: only to fill and to show them ----------------------------------------------------------------------------

const scratch = new DataView(new ArrayBuffer(4));
const bitsOf = (value) => (scratch.setFloat32(0, value), scratch.getUint32(0));
const floatOf = (bits) => (scratch.setUint32(0, bits), scratch.getFloat32(0));
const toBf16 = (value) => bitsOf(value) >>> 16;
const fromBf16 = (bits) => floatOf(bits << 16);

function fromF16(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

/** Rounded towards zero; overflow is an infinity. */
function toF16(value) {
  const bits = bitsOf(value), sign = (bits >>> 16) & 0x8000, exponent = ((bits >>> 23) & 255) - 112;
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (exponent >= 31) return sign | 0x7c00;
  return exponent > 0 ? sign | (exponent << 10) | ((bits >>> 13) & 1023) : sign | Math.trunc(Math.abs(value) * 2 ** 24);
}

const ENCODE = { f16: toF16, bf16: toBf16, i64: (v) => BigInt(v), u64: (v) => BigInt(v) };
const DECODE = { f16: fromF16, bf16: fromBf16, i64: Number, u64: Number };

// --- inputs -----------------------------------------------------------------------------------------------------------

/** The same numbers for a seed everywhere (mulberry32), in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Floats in [-1, 1), integers 0 or 1, so that they are good as indices; words of up to six letters. */
function random({ dtype, shape }, seed) {
  const next = generator(seed);
  const letter = () => String.fromCharCode(97 + Math.floor(26 * next()));
  if (dtype === "string") return Array.from({ length: elements(shape) }, () => Array.from({ length: 1 + Math.floor(6 * next()) }, letter).join(""));
  const encode = ENCODE[dtype] ?? ((v) => v);
  const value = dtype.includes("f") ? () => encode(2 * next() - 1) : () => encode(Math.floor(2 * next()));
  return KINDS[dtype].array.from({ length: elements(shape) }, value);
}

function npyHeader(bytes, name, file) {
  const bad = (why) => wrong(`input "${name}": ${file} is no .npy file that weft reads: ${why}`);
  if (bytes.length < 10 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY") throw bad("it does not begin with \\x93NUMPY");
  const wide = bytes[6] >= 2;
  if (wide && bytes.length < 12) throw bad("its header is cut off");
  const start = wide ? 12 : 10;
  const end = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const text = bytes.toString("latin1", start, end);
  const descr = /'descr':\s*'([<>|=]?)(\w+)'/.exec(text), order = /'fortran_order':\s*(True|False)/.exec(text), shape = /'shape':\s*\(([^)]*)\)/.exec(text);
  if (end > bytes.length || !descr || !order || !shape) throw bad("its header is damaged");
  if (order[1] === "True") throw bad("it is in Fortran order (numpy.ascontiguousarray makes it C order)");
  if (descr[1] === ">") throw bad("it is big-endian");
  return { type: descr[2], shape: shape[1].split(",").filter((part) => part.trim()).map(Number), start: end };
}

function fromNpy(info, file) {
  if (info.dtype === "string") throw wrong(`input "${info.name}": strings come from a .json file`);
  const bytes = readFileSync(file);
  const { type, shape, start } = npyHeader(bytes, info.name, file);
  const { array, npy } = KINDS[info.dtype];
  if (type !== npy && !(info.dtype === "boolean" && type === "u1"))
    throw wrong(`input "${info.name}": ${file} holds numpy ${type}, the model wants ${shown(info)}, numpy ${npy}`);
  const open = info.dims && shape.length === info.dims.length;
  if (!open && shape.join() !== info.shape.join()) throw wrong(`input "${info.name}": ${file} has the shape [${shape.join(", ")}], the model wants ${shown(info)}`);
  const size = elements(shape) * array.BYTES_PER_ELEMENT;
  if (bytes.length < start + size) throw wrong(`input "${info.name}": ${file} ends after ${bytes.length - start} of ${size} bytes`);
  const data = new array(new Uint8Array(bytes.subarray(start, start + size)).buffer);
  return open ? { data, shape } : data;
}

/** Strings, nested as their shape is, or in one list. */
function stringsOf(info, file, parsed, data) {
  const bad = data.find((text) => typeof text !== "string");
  if (bad !== undefined) throw wrong(`input "${info.name}": ${JSON.stringify(bad)} in ${file} is no string`);
  const shape = [];
  for (let at = parsed; Array.isArray(at); at = at[0]) shape.push(at.length);
  const whole = elements(shape) === data.length;
  if (info.dims && shape.length === info.dims.length && whole) return { data, shape };
  if (data.length !== elements(info.shape)) throw wrong(`input "${info.name}": ${file} has ${data.length} strings, the model wants ${elements(info.shape)}, ${shown(info)}`);
  return data;
}

function fromJson(info, file) {
  let parsed;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.syscall) throw error;
    throw wrong(`input "${info.name}": ${file} is no JSON: ${error.message}`);
  }
  const values = [parsed].flat(Infinity);
  if (info.dtype === "string") return stringsOf(info, file, parsed, values);
  if (values.length !== elements(info.shape)) throw wrong(`input "${info.name}": ${file} has ${values.length} numbers, the model wants ${elements(info.shape)}, ${shown(info)}`);
  const encode = ENCODE[info.dtype] ?? ((v) => v);
  const whole = !info.dtype.includes("f");
  const bad = values.find((v) => typeof v !== "boolean" && (typeof v !== "number" || (whole && !Number.isSafeInteger(v))));
  if (bad !== undefined) throw wrong(`input "${info.name}": ${JSON.stringify(bad)} in ${file} is not of the type ${info.dtype}`);
  return KINDS[info.dtype].array.from(values, (v) => encode(Number(v)));
}

function valueOf(info, text, index) {
  if (text === "zeros" && info.dtype === "string") return new Array(elements(info.shape)).fill("");
  if (text === "zeros") return new KINDS[info.dtype].array(elements(info.shape));
  const seed = /^random(?::(\d+))?$/.exec(text);
  if (seed) return random(info, Number(seed[1] ?? 1) + index);
  if (/\.npy$/i.test(text)) return fromNpy(info, text);
  if (/\.json$/i.test(text)) return fromJson(info, text);
  throw wrong(`input "${info.name}": "${text}" is neither a .npy nor a .json file, nor random[:SEED], nor zeros`);
}

/** The inputs of a run. `given`: "NAME=VALUE"; names may hold a "=" too. */
export function readInputs(infos, given) {
  const texts = new Map();
  for (const text of given) {
    const fits = infos.filter(({ name }) => text.startsWith(`${name}=`)).sort((a, b) => b.name.length - a.name.length);
    if (!text.includes("=")) throw wrong(`"${text}" is not of the form NAME=VALUE`);
    if (fits.length === 0) throw wrong(`no input for "${text}"; the model's inputs: ${infos.map((info) => `"${info.name}" (${shown(info)})`).join(", ")}`);
    texts.set(fits[0].name, text.slice(fits[0].name.length + 1));
  }
  return Object.fromEntries(infos.map((info, index) => {
    const value = valueOf(info, texts.get(info.name) ?? "random", index);
    // Without a shape of its own, an input has the greatest extents.
    return [info.name, info.dims && !value.shape ? { data: value, shape: info.shape } : value];
  }));
}

/** The array that the runtime wants, of an input's bytes. */
export const arrayOf = ({ dtype }, bytes) => dtype === "string" ? JSON.parse(Buffer.from(bytes).toString()) : new KINDS[dtype].array(new Uint8Array(bytes).buffer);
/** The elements of an input that readInputs has read. */
export const elementsOf = (value) => value.data ?? value;

// --- outputs ----------------------------------------------------------------------------------------------------------

/** The strings, nested as their shape is. */
function nested(data, shape) {
  if (shape.length === 0) return data[0];
  const size = elements(shape.slice(1));
  return Array.from({ length: shape[0] }, (_, i) => nested(data.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/** A .npy file, version 1.0; of strings, JSON. */
export function fileOf({ dtype, shape }, data) {
  if (dtype === "string") return JSON.stringify(nested(data, shape)) + "\n";
  const { npy, array } = KINDS[dtype];
  const descr = (array.BYTES_PER_ELEMENT > 1 ? "<" : "|") + npy;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(" ")}), }`;
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  const start = Buffer.alloc(10);
  start.write("\x93NUMPY\x01\x00", "latin1");
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, Buffer.from(header, "latin1"), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/** A file name for each output: its name without what file systems dislike, made unique. */
export function fileNames(infos) {
  const taken = new Set();
  return infos.map(({ name, dtype }) => {
    const suffix = dtype === "string" ? "json" : "npy";
    const base = name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_") || "output";
    let file = `${base}.${suffix}`;
    for (let i = 2; taken.has(file.toLowerCase()); ++i) file = `${base}.${i}.${suffix}`;
    taken.add(file.toLowerCase());
    return file;
  });
}

const FIRST = 6;

/** What a person looks at first. NaN is counted and left out. */
export function summarize({ name, dtype, shape }, data) {
  if (dtype === "string") return { name, dtype, shape, min: null, max: null, mean: null, nan: 0, first: data.slice(0, FIRST) };
  const decode = DECODE[dtype] ?? ((v) => v);
  let min = Infinity, max = -Infinity, sum = 0, nan = 0;
  for (const element of data) {
    const value = decode(element);
    if (Number.isNaN(value)) {
      ++nan;
      continue;
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  const some = data.length > nan;
  return { name, dtype, shape, min: some ? min : null, max: some ? max : null, mean: some ? sum / (data.length - nan) : null, nan, first: Array.from(data.subarray(0, FIRST), (v) => decode(v)) };
}
