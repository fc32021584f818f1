// The custom operations on strings; src/graph/custom.hpp of the compiler says what each does.
import type { TypedArray } from "../types.js";
import { wholeMatch } from "./regular.js";

export interface Texts {
  id(text: string): number;
  text(id: number): string;
}
export interface Operand {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}
type Operation = (inputs: readonly Operand[], output: Operand, settings: readonly string[], texts: Texts) => void;

/** Each element of the output, of those of the inputs at its place. */
const each =
  (make: (at: (input: number) => string, settings: readonly string[], texts: Texts) => number | bigint): Operation =>
  (inputs, { data }, settings, texts) => {
    for (let i = 0; i < data.length; ++i) data[i] = make((input) => texts.text(inputs[input]!.data[i] as number), settings, texts);
  };

const trimmed = (text: string): string => text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "");

/** As Python's str.split; blanks are those of ASCII. */
function split(text: string, delimiter: string, most: number): string[] {
  const limit = most < 0 ? Infinity : most;
  const parts: string[] = [];
  let rest = delimiter === "" ? trimmed(text) : text;
  const separator = /[\t-\r ]+/;
  while (parts.length < limit) {
    const at = delimiter === "" ? rest.search(separator) : rest.indexOf(delimiter);
    if (at < 0) break;
    parts.push(rest.slice(0, at));
    rest = delimiter === "" ? rest.slice(at).replace(separator, "") : rest.slice(at + delimiter.length);
  }
  return delimiter === "" && rest === "" ? parts : [...parts, rest];
}

/** As Python's repr of a float of this type. */
function written(value: number, type: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "INF" : "-INF";
  let scientific = value.toExponential();
  if (type !== "f64")
    for (let digits = 0; digits < 9; ++digits) {
      scientific = value.toExponential(digits);
      if (Math.fround(Number(scientific)) === value) break;
    }
  const [mantissa, power] = scientific.split("e") as [string, string];
  const exponent = Number(power), digits = mantissa.replace(/[-.]/g, ""), sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? "." + digits.slice(1) : "";
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.slice(0, exponent + 1).padEnd(exponent + 1, "0")}.${digits.slice(exponent + 1) || "0"}`;
}

function numberOf(text: string): number {
  const plain = trimmed(text);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return Number(plain);
  if (/^[+-]?nan$/i.test(plain)) return NaN;
  if (/^[+-]?inf(inity)?$/i.test(plain)) return plain[0] === "-" ? -Infinity : Infinity;
  throw new Error(`"${text}" is no number`);
}

function integerOf(text: string): bigint {
  const plain = trimmed(text);
  const value = /^[+-]?\d+$/.test(plain) ? BigInt(plain.replace("+", "")) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw new Error(`"${text}" is no integer of 64 bits`);
  return value;
}

/** By code points, as UTF-8 has it; JavaScript's own order is by units of 16 bits. */
function byCodePoints(a: string, b: string): number {
  const x = [...a], y = [...b];
  const i = x.findIndex((character, at) => character !== y[at]);
  if (i < 0 || i >= y.length) return x.length - y.length;
  return x[i]!.codePointAt(0)! - y[i]!.codePointAt(0)!;
}

export const operations: Readonly<Record<string, Operation>> = {
  "string.case": each((at, [to, locale], texts) => texts.id(to === "upper" ? at(0).toLocaleUpperCase(locale) : at(0).toLocaleLowerCase(locale))),
  "string.concat": each((at, _, texts) => texts.id(at(0) + at(1))),
  "string.match": (inputs, output, [pattern], texts) => {
    const whole = wholeMatch(pattern!);
    each((at) => Number(whole.test(at(0))))(inputs, output, [], texts);
  },
  "string.parts": each((at, [delimiter, most, room]) => {
    const parts = split(at(0), delimiter!, Number(most)).length;
    if (parts > Number(room)) throw new Error(`${JSON.stringify(at(0))} has ${parts} parts, where there is room for ${room}`);
    return parts;
  }),
  "string.part": ([x], { data, shape }, [delimiter, most], texts) => {
    const width = shape.at(-1)!;
    for (let i = 0; i < x!.data.length; ++i) {
      const parts = split(texts.text(x!.data[i] as number), delimiter!, Number(most));
      for (let j = 0; j < width; ++j) data[i * width + j] = texts.id(parts[j] ?? "");
    }
  },
  "string.format": ([x], { data }, [type], texts) => {
    for (let i = 0; i < data.length; ++i) {
      const value = x!.data[i]!;
      data[i] = texts.id(type === "boolean" ? (value ? "True" : "False") : /^f/.test(type!) ? written(value as number, type!) : String(value));
    }
  },
  "string.number": each((at) => numberOf(at(0))),
  "string.integer": each((at) => integerOf(at(0))),
  "string.rank": ([x], { data }, _, texts) => {
    const all = Array.from(x!.data as Int32Array, (id) => texts.text(id));
    const places = new Map([...new Set(all)].sort(byCodePoints).map((text, i) => [text, i]));
    all.forEach((text, i) => (data[i] = places.get(text)!));
  },
};
