import { WeftError } from "../errors.js";
import { supports, variantNames } from "../features.js";
import { chooseVariant, readManifest, type Manifest } from "../manifest.js";
import { messageOf } from "../network.js";
import { NnError, refuse } from "./errors.js";
import type { CompiledModel } from "./machine.js";
import { sniff } from "./sniff.js";

/** weft's compiler (weft/compiler), as far as the host needs it: calls that return when they are done. */
export interface SynchronousCompiler {
  compileNow(model: Uint8Array, options: Record<string, unknown>): { readonly files: ReadonlyMap<string, Uint8Array>; readonly manifest: unknown };
  inspectNow(model: Uint8Array, options: Record<string, unknown>): unknown;
}

/** The files of a bundle. */
export interface BundleFiles {
  readonly manifest: unknown;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const weightsFile = "model.weights";
/** Open extents may be from 1 to these, the first pair with which the model compiles and fits into a memory: of leading axes (batches, which multiply all else), and of others. */
const extentLimits = [[4096, 4096], [64, 1024], [16, 1024], [4, 1024], [1, 1024], [16, 256], [1, 256], [16, 64], [1, 64], [1, 16], [1, 4], [1, 1]] as const;

/** Which code a refusal of the compiler is (its kinds: README.md, "Errors and exit codes"). */
const codes = { "invalid-model": "invalid_encoding", unsupported: "unsupported_operation", limit: "missing_memory" } as const;

function refused(error: unknown): never {
  if (error instanceof NnError) throw error;
  const { kind } = error as { kind?: string };
  if (kind === undefined && !(error instanceof WeftError)) throw error;
  throw new NnError(codes[kind as keyof typeof codes] ?? "unsupported_operation", messageOf(error), error);
}

interface Port {
  readonly name: string;
  readonly type: string;
}
interface Inspection {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly unsupported: readonly unknown[];
}

const extentsOf = (type: string): string[] => /\[(.*)\]$/.exec(type)?.[1]?.split(", ") ?? [];
const hasName = (extent: string): boolean => /^[A-Za-z_]/.test(extent);

/** What a step appends to, a cache of keys say: where an output's type is that of an input but for one extent, not the leading one. */
function grownExtents({ inputs, outputs }: Inspection): Set<string> {
  const grown = new Set<string>();
  for (const { type } of inputs) {
    const before = extentsOf(type);
    for (const output of outputs) {
      const after = extentsOf(output.type), differing = before.flatMap((extent, axis) => (extent === after[axis] ? [] : [axis]));
      const [axis = 0] = differing;
      if (after.length === before.length && differing.length === 1 && axis > 0 && hasName(before[axis]!) && type.split("[")[0] === output.type.split("[")[0]) grown.add(before[axis]!);
    }
  }
  return grown;
}

/** Options that let every extent that the model leaves open be from 1 on, those of `empty` from 0. */
function openExtents({ inputs }: Inspection, [leading, other]: readonly [number, number], empty: ReadonlySet<string>): Record<string, unknown> {
  const dims: Record<string, string> = {}, shapes: Record<string, string[]> = {};
  const rangeOf = (axis: number, first = 1): string => `${first}..${axis === 0 ? leading : other}`;
  for (const { name, type } of inputs) {
    const listed = extentsOf(type);
    // What leads in one input is a batch in all of them.
    listed.forEach((dim, axis) => hasName(dim) && (axis === 0 || dims[dim] === undefined) && (dims[dim] = rangeOf(axis, axis > 0 && empty.has(dim) ? 0 : 1)));
    // What has no name can be said of the whole shape only.
    if (listed.includes("?")) shapes[name] = listed.map((dim, axis) => (/^\d+$/.test(dim) ? dim : rangeOf(axis)));
  }
  return { dims, shapes };
}

function compileOnnx(compiler: SynchronousCompiler | undefined, bytes: Uint8Array): BundleFiles {
  if (compiler === undefined) return refuse("unsupported_operation", "this host was made without a compiler: it takes bundles only");
  const options = { variants: [variantNames.find(supports)!] };
  let first: unknown;
  try {
    return compiler.compileNow(bytes, options);
  } catch (error) {
    first = error;
  }
  // An extent that is not known is an argument that is missing.
  if ((first as { kind?: string }).kind !== "invalid-argument") return refused(first);
  let last = first;
  const inspection = compiler.inspectNow(bytes, {}) as Inspection;
  const grown = grownExtents(inspection), none = new Set<string>();
  for (const [limits, empty] of extentLimits.flatMap((limits) => (grown.size > 0 ? [grown, none] : [none]).map((empty) => [limits, empty] as const))) {
    try {
      return compiler.compileNow(bytes, { ...options, ...openExtents(inspection, limits, empty) });
    } catch (error) {
      last = error;
      // Some forms are refused only where extents may be large. An operator that is not known stays so.
      const { kind } = error as { kind?: string };
      if (kind === undefined || kind === "invalid-model" || inspection.unsupported.length > 0) break;
    }
  }
  return refused(last);
}

/** The tensors of a safetensors file, without its header. */
function dataPart(file: Uint8Array | undefined, bytes: number): Uint8Array {
  if (bytes === 0) return new Uint8Array();
  if (file === undefined) return refuse("invalid_encoding", "the bundle has weights, and model.weights is not there");
  const header = file.length < 8 ? Infinity : Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const data = file.subarray(8 + header);
  if (data.length !== bytes) return refuse("invalid_encoding", `model.weights holds ${data.length} bytes of weights, the model has ${bytes}`);
  return data;
}

function fromFiles({ manifest: json, files }: BundleFiles): CompiledModel {
  let manifest: Manifest;
  try {
    manifest = readManifest(json, "the bundle");
    const choice = chooseVariant(manifest, "auto");
    const code = files.get(choice.variant.file) ?? refuse("invalid_encoding", `the bundle has no ${choice.variant.file}`);
    const module = moduleOf(code);
    checkModule(module);
    return { manifest, choice, module, weights: dataPart(files.get(weightsFile), manifest.weights.bytes) };
  } catch (error) {
    if (error instanceof WeftError) throw new NnError(/^(feature|unsupported|abi)$/.test(error.code) ? "unsupported_operation" : "invalid_encoding", error.message, error);
    throw error;
  }
}

/** Engines compile large modules at once in workers and outside of browsers only. */
function moduleOf(code: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(code as BufferSource);
  } catch (cause) {
    throw new NnError(cause instanceof WebAssembly.CompileError ? "invalid_encoding" : "unsupported_operation", `the engine does not compile the module here: ${messageOf(cause)}`, cause);
  }
}

/** A guest's module gets a memory of its own and nothing else. */
function checkModule(module: WebAssembly.Module): void {
  const imports = WebAssembly.Module.imports(module), exports = WebAssembly.Module.exports(module);
  const sound = imports.every(({ module, name, kind }) => module === "env" && name === "memory" && kind === "memory") && exports.some(({ name, kind }) => name === "step" && kind === "function");
  if (!sound) refuse("invalid_encoding", "the module was not made by weft");
}

/** A bundle as parts: its modules, and then model.weights where it has weights. */
function fromParts(parts: readonly Uint8Array[]): CompiledModel {
  const files = new Map<string, Uint8Array>();
  let manifest: unknown;
  for (const part of parts) {
    if (sniff(part) !== "wasm") {
      files.set(weightsFile, part);
      continue;
    }
    const module = moduleOf(part);
    const text = (section: string): string | undefined => {
      const [found] = WebAssembly.Module.customSections(module, section);
      return found && new TextDecoder().decode(found);
    };
    const json = text("weft") ?? refuse("invalid_encoding", 'a module was not made by weft: it has no section "weft"');
    try {
      manifest ??= JSON.parse(json);
    } catch {
      refuse("invalid_encoding", "the manifest of the bundle is damaged");
    }
    const variant = (manifest as Partial<Manifest> | null)?.variants?.find?.(({ name }) => name === text("weft.variant"));
    if (variant !== undefined) files.set(variant.file, part);
  }
  const all = manifest as Manifest;
  const there = Array.isArray(all.variants) ? all.variants.filter(({ file }) => files.has(file)) : [];
  return fromFiles({ manifest: { ...all, variants: there }, files });
}

/** A number of the bytes, by which to look for them. */
function checksum(parts: readonly Uint8Array[]): string {
  let hash = 0x811c9dc5;
  for (const part of parts) for (let i = 0; i < part.length; ++i) hash = Math.imul(hash ^ part[i]!, 0x01000193);
  return `${parts.map(({ length }) => length)} ${hash >>> 0}`;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Models that have been loaded from bytes: the same bytes are compiled once. The bytes are compared: nobody gets another model by a hash. */
export class ModelCache {
  readonly #compiler: SynchronousCompiler | undefined;
  readonly #models = new Map<string, { readonly parts: readonly Uint8Array[]; readonly model: CompiledModel }[]>();
  readonly #most: number;

  constructor(compiler: SynchronousCompiler | undefined, most: number) {
    this.#compiler = compiler;
    this.#most = most;
  }

  /** `parts` may change afterwards. */
  load(parts: readonly Uint8Array[]): CompiledModel {
    const key = checksum(parts);
    const found = this.#models.get(key)?.find((entry) => entry.parts.every((part, i) => same(part, parts[i]!)));
    if (found !== undefined) return found.model;
    const own = parts.map((part) => part.slice());
    const model = sniff(own[0]!) === "wasm" ? fromParts(own) : this.bundle(this.#compile(own));
    // The oldest goes first: guests that bring ever new models do not fill the host.
    for (const oldest of this.#models.keys()) if (this.#models.size >= this.#most) this.#models.delete(oldest);
    this.#models.set(key, [...(this.#models.get(key) ?? []), { parts: own, model }]);
    return model;
  }

  #compile(parts: readonly Uint8Array[]): BundleFiles {
    if (parts.length > 1) refuse("unsupported_operation", `an ONNX model is one part, and these are ${parts.length}: external data in further parts cannot be told apart`);
    return compileOnnx(this.#compiler, parts[0]!);
  }

  bundle(files: BundleFiles): CompiledModel {
    return fromFiles(files);
  }
}
