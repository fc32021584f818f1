import { elements, kinds } from "./dtypes.js";
import { LoadError } from "./errors.js";
import { featureOf, supports, variantNames } from "./features.js";
import type { Custom } from "./strings/index.js";
import type { Dimension, TensorInfo, VariantName } from "./types.js";

// docs/bundle.md
export interface Variant {
  readonly name: VariantName;
  readonly file: string;
  /** With dimensions: at first `initial`, then as much as they take, up to `pages`. */
  readonly memory: { readonly pages: number; readonly initial?: number };
  readonly context: number;
  readonly entries: readonly { readonly name: string; readonly records: number }[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Addresses of the dimensions' values, and of the extents of the outputs that the entry "resize" computes. */
  readonly symbols?: number;
  readonly answers?: number;
  /** Address of the bytes of memory that the dimensions take, then of the inputs' and the outputs' addresses. */
  readonly places?: number;
  /** [offset in the data part of model.weights, address, bytes], by offset: what is copied before prepare */
  readonly weights: readonly (readonly [number, number, number])[];
}

export interface Manifest {
  readonly abi: { readonly major: number; readonly minor: number };
  readonly required_features?: readonly string[];
  /** How 64-bit integers come and go where the caller does not say. */
  readonly int64?: string;
  readonly name: string;
  readonly generator: string;
  readonly symbols?: readonly Dimension[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly nodes: readonly string[];
  /** Of models with strings: the model's own, and what custom statements refer to. */
  readonly strings?: readonly string[];
  readonly customs?: readonly Custom[];
  readonly weights: {
    readonly bytes: number;
    readonly file_bytes?: number;
    readonly chunk_bytes?: number;
    readonly sha256?: readonly string[];
  };
  readonly variants: readonly Variant[];
  readonly files?: readonly { readonly name: string; readonly bytes: number }[];
}

export const abiMajor = 1;
export const pageBytes = 65536;

type Unknown = Record<string, unknown>;

/** Checks all that the runtime relies on: what a manifest says never leads outside the model's memory. */
export function readManifest(json: unknown, where: string): Manifest {
  const bad = (field: string): never => {
    throw new LoadError("bad_manifest", `the manifest of ${where} is damaged: ${field}`);
  };
  const check = (holds: boolean, field: string): void => void (holds || bad(field));
  const object = (value: unknown, field: string): Unknown =>
    typeof value === "object" && value !== null ? (value as Unknown) : bad(field);
  const list = (value: unknown, field: string): unknown[] => (Array.isArray(value) ? value : bad(field));
  const text = (value: unknown, field: string): void => check(typeof value === "string", field);
  const number = (value: unknown, limit: number, field: string): number =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= limit ? (value as number) : bad(field);

  const top = object(json, "it is no object");
  const major = number(object(top["abi"], "abi")["major"], Infinity, "abi.major");
  if (major !== abiMajor)
    throw new LoadError(
      "abi",
      `${where} has bundle ABI ${major}, this runtime reads ${abiMajor}: compile the model again, or take the runtime of its compiler`,
    );
  for (const feature of list(top["required_features"] ?? [], "required_features"))
    if (!(STRINGS ? /^(load|symbols|places|strings)$/ : /^(load|symbols|places)$/).test(feature as string))
    throw new LoadError("feature", `${where} needs "${String(feature)}", which this runtime does not have`);

  text(top["name"], "name");
  list(top["nodes"], "nodes");
  const weights = object(top["weights"], "weights");
  const weightsBytes = number(weights["bytes"], Infinity, "weights.bytes");
  list(weights["sha256"] ?? [], "weights.sha256").forEach((hash) => text(hash, "weights.sha256"));
  check(number(weights["chunk_bytes"] ?? 1, 2 ** 30, "weights.chunk_bytes") > 0, "weights.chunk_bytes");
  const symbols = list(top["symbols"] ?? [], "symbols");
  let answers = 0;
  const sizes = (field: "inputs" | "outputs"): number[] =>
    list(top[field], field).map((item, i) => {
      const port = object(item, `${field}[${i}]`);
      text(port["name"], `${field}[${i}].name`);
      const array = kinds[port["dtype"] as keyof typeof kinds] ?? bad(`${field}[${i}].dtype`);
      const shape = list(port["shape"], `${field}[${i}].shape`).map((n) => number(n, 2 ** 32, `${field}[${i}].shape`));
      list(port["dims"] ?? shape, `${field}[${i}].dims`);
      if (field === "outputs") answers += 4 * shape.length;
      return elements(shape) * array.bytes;
    });
  const ports = { inputs: sizes("inputs"), outputs: sizes("outputs") };

  const variants = list(top["variants"], "variants");
  check(variants.length > 0, "variants");
  variants.forEach((item, v) => {
    const at = `variants[${v}]`;
    const variant = object(item, at);
    text(variant["name"], `${at}.name`);
    text(variant["file"], `${at}.file`);
    const bytes = number(object(variant["memory"], `${at}.memory`)["pages"], 65536, `${at}.memory.pages`) * pageBytes;
    const range = (address: unknown, size: number, field: string): void =>
      void number(address, bytes - size, `${at}.${field}`);
    range(variant["context"], 24, "context");
    const entries = list(variant["entries"], `${at}.entries`).map((entry) => object(entry, `${at}.entries`));
    for (const entry of entries) range(entry["records"], 32, "entries");
    check(entries.some((entry) => entry["name"] === "run"), `${at}.entries`);
    if (symbols.length > 0 || "answers" in variant) {
      range(variant["symbols"], 4 * symbols.length, "symbols");
      range(variant["answers"], answers, "answers");
      range(variant["places"] ?? 0, 4 + 4 * ports.inputs.length + 4 * ports.outputs.length, "places");
    }
    for (const field of ["inputs", "outputs"] as const) {
      const addresses = list(variant[field], `${at}.${field}`);
      check(addresses.length === ports[field].length, `${at}.${field}`);
      addresses.forEach((address, i) => range(address, ports[field][i]!, field));
    }
    let before = 0;
    for (const item of list(variant["weights"], `${at}.weights`)) {
      const [offset, address, size] = list(item, `${at}.weights`);
      const length = number(size, bytes, `${at}.weights`);
      range(address, length, "weights");
      check(number(offset, weightsBytes - length, `${at}.weights`) >= before, `${at}.weights`);
      before = offset as number;
    }
  });
  return json as Manifest;
}

export interface Choice {
  readonly variant: Variant;
  readonly reason: string;
}

/** The best variant that the bundle has and the engine runs, or the one that is asked for. */
export function chooseVariant(manifest: Manifest, wanted: "auto" | VariantName): Choice {
  const find = (name: string): Variant | undefined => manifest.variants.find((variant) => variant.name === name);
  const has = manifest.variants.map((variant) => variant.name).join(", ");
  if (wanted !== "auto") {
    const variant = find(wanted);
    if (variant === undefined) throw new LoadError("variant", `the bundle has no variant ${wanted}; it has ${has}`);
    if (!supports(wanted)) throw new LoadError("unsupported", `this engine has no ${featureOf[wanted]}, which variant ${wanted} needs`);
    return { variant, reason: "asked for" };
  }
  const passed: string[] = [];
  for (const name of variantNames) {
    const variant = find(name);
    if (variant === undefined) passed.push(`the bundle has no ${name}`);
    else if (!supports(name)) passed.push(`this engine has no ${featureOf[name]}`);
    else return { variant, reason: passed.join("; ") || `this engine has ${featureOf[name]}` };
  }
  throw new LoadError("unsupported", `the bundle has only the variants ${has}, and ${passed.join("; ")}`);
}
