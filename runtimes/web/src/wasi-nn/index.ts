import { messageOf } from "../network.js";
import { NnError } from "./errors.js";
import { defaultLimits, Host, type Limits } from "./host.js";
import type { CompiledModel } from "./machine.js";
import { ModelCache, type BundleFiles, type SynchronousCompiler } from "./models.js";
import { sniff } from "./sniff.js";

export type { SynchronousCompiler } from "./models.js";

type Bytes = ArrayBuffer | ArrayBufferView;
/** A model by its bytes, by its address (an .onnx file, or a bundle's folder or model.json), or a bundle's files: names to bytes, Blobs or addresses. */
export type NamedModel = Bytes | string | URL | { readonly manifest: unknown; readonly files: ReadonlyMap<string, Bytes | Blob | URL> | Readonly<Record<string, Bytes | Blob | URL>> };

export interface WasiNnOptions {
  /** What load_by_name finds. A name is never a path: what is not here is not found. */
  readonly models?: Readonly<Record<string, NamedModel>>;
  /** The guest's memory, where it imports one; else bind(instance). */
  readonly memory?: WebAssembly.Memory;
  /** Gets a line for each call that fails, with the reason. */
  readonly log?: (text: string) => void;
  readonly limits?: Partial<Limits>;
  /** weft's compiler, or false: then only bundles can be loaded. */
  readonly compiler?: SynchronousCompiler | false;
}

export interface WasiNn {
  /** What the guest imports, beside WASI. */
  readonly imports: { readonly wasi_ephemeral_nn: Record<string, (...parameters: number[]) => number> };
  /** Before the guest starts: its memory is what it exports as "memory". */
  bind(instance: WebAssembly.Instance): void;
}

const viewOf = (data: Bytes): Uint8Array => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

async function fetchBytes(url: URL): Promise<Uint8Array> {
  if (url.protocol === "file:") {
    const { process } = globalThis as unknown as { process?: { getBuiltinModule(name: string): { readFile(file: URL): Promise<Uint8Array> } } };
    if (process !== undefined) return process.getBuiltinModule("fs/promises").readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const bytesOf = async (data: Bytes | Blob | URL): Promise<Uint8Array> =>
  data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data instanceof URL ? fetchBytes(data) : viewOf(data);

/** Of the files of a bundle, those that a host reads. */
async function filesOf(manifest: unknown, find: (name: string) => Bytes | Blob | URL | undefined): Promise<BundleFiles> {
  const { variants = [], weights } = manifest as { variants?: { file: string }[]; weights?: { bytes: number } };
  const names = [...variants.map(({ file }) => file), ...(weights?.bytes ? ["model.weights"] : [])];
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const found = find(name);
    if (found !== undefined) files.set(name, await bytesOf(found));
  }
  return { manifest, files };
}

async function resolve(model: NamedModel): Promise<Uint8Array | BundleFiles> {
  if (model instanceof ArrayBuffer || ArrayBuffer.isView(model)) return viewOf(model);
  if (typeof model !== "string" && !(model instanceof URL)) {
    const { manifest, files } = model;
    return filesOf(manifest, (name) => (files instanceof Map ? files.get(name) : (files as Record<string, Bytes>)[name]));
  }
  const url = new URL(model, globalThis.location?.href);
  if (/\.onnx$/i.test(url.pathname)) return fetchBytes(url);
  if (!/\.json$/i.test(url.pathname)) url.pathname = url.pathname.replace(/\/?$/, "/model.json");
  const manifest: unknown = JSON.parse(new TextDecoder().decode(await fetchBytes(url)));
  return filesOf(manifest, (name) => new URL(name, url));
}

/** Loads at the first call; what failed once fails again. */
function once(load: () => CompiledModel): () => CompiledModel {
  let result: { readonly model: CompiledModel } | { readonly error: unknown } | undefined;
  return () => {
    if (result === undefined) {
      try {
        result = { model: load() };
      } catch (error) {
        result = { error };
      }
    }
    if ("error" in result) throw result.error;
    return result.model;
  };
}

/** The models of a host, which any number of guests may share: each of them has graphs and contexts of its own. */
export async function makeHost(options: WasiNnOptions = {}): Promise<WasiNn & { guest(more?: Pick<WasiNnOptions, "memory" | "log" | "limits">): WasiNn }> {
  const limits = { ...defaultLimits, ...options.limits };
  const cache = new ModelCache(options.compiler || undefined, limits.graphs);
  const named = new Map<string, () => CompiledModel>();
  await Promise.all(Object.entries(options.models ?? {}).map(async ([name, model]) => {
    let found: Uint8Array | BundleFiles;
    try {
      found = await resolve(model);
    } catch (cause) {
      throw new Error(`wasi-nn: the model "${name}" cannot be had: ${messageOf(cause)}`, { cause });
    }
    named.set(name, once(() => {
      if (!(found instanceof Uint8Array)) return cache.bundle(found);
      if (!["onnx", "wasm"].includes(sniff(found))) throw new NnError("invalid_encoding", `the model "${name}" is neither ONNX nor a weft bundle`);
      return cache.load([found]);
    }));
  }));
  const guest = (more: Pick<WasiNnOptions, "memory" | "log" | "limits"> = {}): WasiNn => {
    let memory = more.memory ?? options.memory;
    const host = new Host(cache, named, { ...limits, ...more.limits }, () => memory!, more.log ?? options.log ?? ((): void => undefined));
    return {
      imports: { wasi_ephemeral_nn: host.imports() },
      bind: (instance) => void (memory = instance.exports["memory"] as WebAssembly.Memory),
    };
  };
  return { ...guest(), guest };
}
