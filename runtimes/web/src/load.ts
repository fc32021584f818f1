import { openCache } from "./cache.js";
import { checkedChunks } from "./chunks.js";
import { LoadError, WeftError } from "./errors.js";
import { allBytes, isAddress, isModule, isResponse, open, refuse, toBytes, toUrl, type Opened } from "./files.js";
import { chooseVariant, pageBytes, readManifest, type Choice, type Manifest, type Variant } from "./manifest.js";
import { infoOf, LoadedModel, Machine } from "./model.js";
import { messageOf } from "./network.js";
import { loadInWorker } from "./remote.js";
import { stringsOf } from "./strings/index.js";
import { Weights } from "./weights.js";
import { supports } from "./features.js";
import type { Description, FileSource, LoadOptions, Model, Parts, Source, VariantName } from "./types.js";

const weightsFile = "model.weights";

/** What is known of a bundle once its first file has been looked at. */
interface Found {
  readonly label: string;
  readonly manifest: Manifest;
  readonly choice: Choice;
  /** The code, where it came first. */
  readonly module?: WebAssembly.Module;
  readonly file: (name: string) => FileSource;
}

const isWasm = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;

/** Compiles as the bytes arrive where the server names the type; else from the whole. */
async function compile(opened: Opened, signal: AbortSignal): Promise<WebAssembly.Module> {
  if (opened.module !== undefined) return opened.module;
  const { response, asked } = opened;
  try {
    if (response !== undefined && streams(response)) {
      try {
        return await WebAssembly.compileStreaming(response);
      } catch (cause) {
        signal.throwIfAborted();
        if (asked === undefined || asked.options.retries === 0) throw cause;
        // Perhaps it broke off, which the engine does not tell from bad code: once more, as bytes that go on where they break off.
        opened = await open(asked.url, "WebAssembly", asked.options, signal);
      }
    }
    const bytes = await allBytes(opened, signal);
    if (!isWasm(bytes)) refuse(opened, "WebAssembly", bytes);
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeftError) throw cause;
    const status = response ? ` (status ${response.status})` : "";
    throw new LoadError("compile", `cannot compile ${opened.label}${status}: ${messageOf(cause)}`, cause);
  }
}

const streams = (response: Response): boolean =>
  /^application\/wasm$/i.test(response.headers.get("content-type") ?? "") && typeof WebAssembly.compileStreaming === "function";

const sectionText = (module: WebAssembly.Module, name: string): string | undefined => {
  const [section] = WebAssembly.Module.customSections(module, name);
  return section && new TextDecoder().decode(section);
};

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new LoadError("bad_manifest", `the manifest of ${where} is damaged: ${messageOf(cause)}`, cause);
  }
}

/** The files beside the first one. */
function beside(base: URL | undefined, label: string): (name: string) => FileSource {
  return (name) => {
    if (base === undefined) throw new LoadError("bad_source", `${label} has no address to find ${name} by: give it in the options`);
    return new URL(name, base);
  };
}

function fromModule(module: WebAssembly.Module, opened: Opened, options: LoadOptions): Found {
  const { label } = opened;
  const section = sectionText(module, "weft");
  if (section === undefined) throw new LoadError("wrong_file", `${label} was not made by weft: it has no section "weft"`);
  const manifest = readManifest(parse(section, label), label);
  const name = sectionText(module, "weft.variant") ?? manifest.variants[0]!.name;
  const variant = manifest.variants.find((variant) => variant.name === name);
  if (variant === undefined) throw new LoadError("bad_manifest", `the manifest of ${label} is damaged: it has no variant ${name}`);
  const { variant: wanted = "auto" } = options;
  if (wanted !== "auto" && wanted !== name) throw new LoadError("variant", `${label} is the variant ${name}, not ${wanted}`);
  return { label, manifest, choice: { variant, reason: "its module was given" }, module, file: beside(opened.base, label) };
}

function fromManifest(json: unknown, label: string, file: Found["file"], options: LoadOptions): Found {
  const manifest = readManifest(json, label);
  return { label, manifest, choice: chooseVariant(manifest, options.variant ?? "auto"), file };
}

function manifestAddress(source: string | URL): URL {
  const url = new URL(toUrl(source));
  if (!/\.(json|wasm)$/i.test(url.pathname)) url.pathname = url.pathname.replace(/\/?$/, "/model.json");
  return url;
}

async function find(source: Source, options: LoadOptions, signal: AbortSignal): Promise<Found> {
  if (!isAddress(source) && !isResponse(source) && !isModule(source) && toBytes(source) === undefined) {
    const { manifest, files } = (source ?? {}) as Partial<Parts>;
    if (manifest === undefined || typeof files !== "object")
      throw new LoadError("bad_source", "cannot load from this: give an address, a Response, bytes, a module, or { manifest, files }");
    const file = (name: string): FileSource => {
      const found = Object.hasOwn(files, name) ? files[name] : undefined;
      if (found === undefined) throw new LoadError("bad_source", `files has no ${name}`);
      return found;
    };
    return fromManifest(manifest, "{ manifest }", file, options);
  }
  const first = isAddress(source) ? manifestAddress(source) : (source as FileSource);
  const expected = isAddress(first) && /\.json$/i.test((first as URL).pathname) ? "model.json" : "WebAssembly";
  const opened = await open(first, expected, options, signal);
  if (opened.module !== undefined || (opened.response !== undefined && streams(opened.response)))
    return fromModule(await compile(opened, signal), opened, options);
  const bytes = await allBytes(opened, signal);
  if (isWasm(bytes)) return fromModule(await compile({ ...opened, bytes }, signal), opened, options);
  const text = new TextDecoder().decode(bytes);
  if (!text.trimStart().startsWith("{")) refuse(opened, expected, bytes);
  return fromManifest(parse(text, opened.label), opened.label, beside(opened.base, opened.label), options);
}

/** A module that was compiled apart from the manifest has other addresses. */
function checkPair(module: WebAssembly.Module, { manifest, choice, label }: Found): void {
  const section = sectionText(module, "weft");
  if (section === undefined) return;
  const theirs = parse(section, choice.variant.file) as Manifest;
  const name = sectionText(module, "weft.variant") ?? choice.variant.name;
  if (name !== choice.variant.name || JSON.stringify(theirs.variants) !== JSON.stringify(manifest.variants))
    throw new LoadError("mismatch", `${choice.variant.file} and ${label} come from different compilations: deploy all files of a bundle together`);
}

function makeMemory({ pages, initial = pages }: Variant["memory"], given: WebAssembly.Memory | undefined): WebAssembly.Memory {
  if (given !== undefined) {
    if (given.buffer.byteLength < initial * pageBytes)
      throw new LoadError("memory", `the memory has ${given.buffer.byteLength} bytes, the model needs ${initial * pageBytes}`);
    new Uint8Array(given.buffer).fill(0);
    return given;
  }
  try {
    return new WebAssembly.Memory({ initial, maximum: pages });
  } catch (cause) {
    throw new LoadError("memory", `cannot have ${initial * pageBytes} bytes of memory: ${messageOf(cause)}`, cause);
  }
}

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, label: string): Promise<WebAssembly.Instance> {
  try {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    if (typeof instance.exports["step"] !== "function") throw new TypeError('it does not export "step"');
    return instance;
  } catch (cause) {
    throw new LoadError("link", `cannot instantiate ${label}: ${messageOf(cause)}`, cause);
  }
}

/** Counts bytes towards a total that is known as far as the manifest tells. */
class Meter {
  #loaded = 0;
  #total = 0;
  #preparing = false;
  readonly #report: LoadOptions["onProgress"];
  readonly #sizes: ReadonlyMap<string, number>;
  constructor(manifest: Manifest, names: readonly string[], report: LoadOptions["onProgress"]) {
    this.#report = report;
    this.#sizes = new Map((manifest.files ?? []).map(({ name, bytes }) => [name, bytes]));
    const { file_bytes: fileBytes, bytes } = manifest.weights;
    for (const name of names) this.#total += this.size(name) ?? (name === weightsFile ? fileBytes ?? bytes : 0);
  }
  size(name: string): number | undefined {
    return this.#sizes.get(name);
  }
  add(bytes: number): void {
    this.#loaded += bytes;
    this.#total = Math.max(this.#total, this.#loaded);
    this.report("download");
  }
  /** All bytes are here. */
  prepare(): void {
    if (!this.#preparing) this.report("prepare");
    this.#preparing = true;
  }
  report(phase: "download" | "prepare" | "ready"): void {
    this.#report?.({ phase, loadedBytes: this.#loaded, totalBytes: this.#total });
  }
}

async function assemble(found: Found, options: LoadOptions, stop: AbortController): Promise<Model> {
  const { manifest, choice } = found;
  const { variant } = choice;
  const { signal } = stop;
  const hasWeights = manifest.weights.bytes > 0;
  const meter = new Meter(manifest, [variant.file, ...(hasWeights ? [weightsFile] : [])], options.onProgress);
  const memory = makeMemory(variant.memory, options.memory);
  meter.report("download");

  const code = async (): Promise<WebAssembly.Module> => {
    if (found.module !== undefined) return found.module;
    return compile(await open(found.file(variant.file), "WebAssembly", options, signal), signal);
  };
  const weights = async (): Promise<Weights | undefined> => {
    if (!hasWeights) return undefined;
    let opened: Opened = { label: "the cache" };
    const begin = async (from: number): Promise<Opened> => {
      opened = await open(options.weights ?? found.file(weightsFile), "model.weights", options, signal, from);
      if (opened.module) refuse(opened, "model.weights");
      return opened;
    };
    const pieces = checkedChunks(manifest.weights, begin, await openCache(options), options, signal);
    const file = new Weights(pieces, () => opened, manifest.weights.bytes, (n) => meter.add(n));
    await file.begin();
    for (const [offset, address, bytes] of variant.weights) await file.copy(offset, new Uint8Array(memory.buffer, address, bytes));
    if (variant.weights.length > 0) await file.end();
    return file;
  };
  const [module, file] = await Promise.all([
    code().then((module) => {
      meter.add(meter.size(variant.file) ?? 0);
      return module;
    }),
    weights(),
  ]);
  if (found.module === undefined) checkPair(module, found);

  const machine = new Machine(await instantiate(module, memory, found.label), memory, choice, manifest.nodes);
  const texts = STRINGS ? stringsOf(manifest, machine, choice.variant.context) : undefined;
  signal.throwIfAborted();
  const here = (): void => void ((file?.complete ?? true) && meter.prepare());
  here();
  // Weights come when they are needed, large ones in parts: each is packed before the next one takes its place.
  await machine.execute("prepare", options.signal && signal, file && ((offset, target) => file.copy(offset, target).then(here)));
  await file?.end();
  here();
  signal.throwIfAborted();
  meter.report("ready");
  const model = new LoadedModel(machine, manifest, choice, options.int64);
  return STRINGS && texts ? texts.accept(model) : model;
}

/** The variants that this engine can run, best first. */
export function supportedVariants(): VariantName[] {
  return (["relaxed", "simd128", "scalar"] as const).filter(supports);
}

/** What a model is and needs, before its code and weights are downloaded. */
export async function describe(source: Source, options: LoadOptions = {}): Promise<Description> {
  const { manifest, choice } = await find(source, options, options.signal ?? new AbortController().signal);
  const size = (name: string): number | undefined => manifest.files?.find((file) => file.name === name)?.bytes;
  const weights = manifest.weights.bytes === 0 ? 0 : size(weightsFile) ?? manifest.weights.file_bytes ?? manifest.weights.bytes;
  const code = size(choice.variant.file);
  return { ...infoOf(manifest, choice), downloadBytes: code === undefined ? undefined : code + weights, weightsBytes: weights };
}

/** Loads a bundle that `weft compile` wrote. */
export async function load(source: Source | Promise<Response>, options: LoadOptions = {}): Promise<Model> {
  options.signal?.throwIfAborted();
  if (options.worker) return loadInWorker(await source, options);
  // When one file fails, the others are given up too.
  const stop = new AbortController();
  const abort = (): void => stop.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", abort);
  try {
    return await assemble(await find(await source, options, stop.signal), options, stop);
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}
