import { messageOf } from "../network.js";
import { NnError } from "./errors.js";
import type { CompiledModel } from "./machine.js";
import { ModelCache, type BundleFiles, type SynchronousCompiler } from "./models.js";
import { defaultLimits, type Limits, type Shared } from "./session.js";
import { sniff } from "./sniff.js";

type Bytes = ArrayBuffer | ArrayBufferView;
/** A model by its bytes, by its address (an .onnx file, or a bundle's folder or model.json), or a bundle's files: names to bytes, Blobs or addresses. */
export type NamedModel = Bytes | string | URL | { readonly manifest: unknown; readonly files: ReadonlyMap<string, Bytes | Blob | URL> | Readonly<Record<string, Bytes | Blob | URL>> };

export interface GuestOptions {
  /** Gets a line for each call that fails, with the reason. */
  readonly log?: (text: string) => void;
  readonly limits?: Partial<Limits>;
}
export interface HostOptions extends GuestOptions {
  /** What load_by_name finds. A name is never a path: what is not here is not found. */
  readonly models?: Readonly<Record<string, NamedModel>>;
  /** weft's compiler, or false: then only bundles can be loaded. */
  readonly compiler?: SynchronousCompiler | false;
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

/** What guests share: the models, and code that was compiled for them. */
export async function share(options: HostOptions): Promise<Shared> {
  const models = new ModelCache(options.compiler || undefined, { ...defaultLimits, ...options.limits }.graphs);
  const named = new Map<string, () => CompiledModel>();
  await Promise.all(Object.entries(options.models ?? {}).map(async ([name, model]) => {
    let found: Uint8Array | BundleFiles;
    try {
      found = await resolve(model);
    } catch (cause) {
      throw new Error(`wasi-nn: the model "${name}" cannot be had: ${messageOf(cause)}`, { cause });
    }
    named.set(name, once(() => {
      if (!(found instanceof Uint8Array)) return models.bundle(found);
      if (!["onnx", "wasm"].includes(sniff(found))) throw new NnError("invalid_encoding", `the model "${name}" is neither ONNX nor a weft bundle`);
      return models.load([found]);
    }));
  }));
  return { models, named };
}

/** A guest's own, in place of the host's. */
export const settings = (options: GuestOptions, more: GuestOptions): [Limits, (text: string) => void] => [
  { ...defaultLimits, ...options.limits, ...more.limits },
  more.log ?? options.log ?? ((): void => undefined),
];
