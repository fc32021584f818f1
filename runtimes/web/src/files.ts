import { LoadError } from "./errors.js";
import { bodyOf, messageOf, request } from "./network.js";
import type { FileSource, LoadOptions } from "./types.js";

/** A file that has begun to arrive: one of bytes, module, response (body not read) or path (of Node's file system). */
export interface Opened {
  /** For messages. */
  readonly label: string;
  /** What relative names are resolved against. */
  readonly base?: URL | undefined;
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
  readonly module?: WebAssembly.Module | undefined;
  readonly response?: Response | undefined;
  /** Where the response came from, with what it was asked for by: it can be asked for again. */
  readonly asked?: { readonly url: string; readonly options: LoadOptions } | undefined;
  readonly path?: URL | undefined;
  /** Where in the file the response's body begins. */
  readonly start?: number;
}

interface NodeProcess {
  getBuiltinModule?(name: "fs/promises"): {
    open(path: URL): Promise<{
      read(into: Uint8Array, offset: number, length: number): Promise<{ bytesRead: number }>;
      close(): Promise<void>;
    }>;
  };
  getBuiltinModule?(name: "url"): { pathToFileURL(path: string): URL };
}
// Not an import: bundlers and browsers never see it, Node (20.16 and later), Deno and Bun have it.
const pieceBytes = 1 << 20;
const node = (globalThis as { process?: NodeProcess }).process;

export function toUrl(address: string | URL): URL {
  if (address instanceof URL) return address;
  const page = (globalThis as { location?: { href: string } }).location;
  try {
    // One letter is a Windows drive, not a scheme.
    if (/^[a-z][a-z0-9+.-]+:/i.test(address)) return new URL(address);
    if (page !== undefined) return new URL(address, page.href);
    const url = node?.getBuiltinModule?.("url")?.pathToFileURL(address);
    if (url !== undefined) return url;
  } catch (cause) {
    throw new LoadError("bad_source", `"${address}" is no address`, cause);
  }
  throw new LoadError("bad_source", `"${address}" is relative, and there is no page that it could be relative to`);
}

export const isAddress = (source: unknown): source is string | URL => typeof source === "string" || source instanceof URL;
export const isResponse = (source: unknown): source is Response =>
  typeof Response === "function" && (source instanceof Response || Object.prototype.toString.call(source) === "[object Response]");
export const isModule = (source: unknown): source is WebAssembly.Module =>
  Object.prototype.toString.call(source) === "[object WebAssembly.Module]";

export function toBytes(source: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
  const tag = Object.prototype.toString.call(source);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]" ? new Uint8Array(source as ArrayBuffer) : undefined;
}

const statusOf = (opened: Opened): string => (opened.response ? ` (status ${opened.response.status})` : "");

/** Refuses what servers send in place of a missing file, and what is not what it should be. */
export function refuse(opened: Opened, expected: string, start?: Uint8Array, cause?: unknown): never {
  const text = start && new TextDecoder().decode(start.subarray(0, 64)).trimStart();
  const html = text === undefined ? isHtml(opened) : text.startsWith("<");
  const hex = start && Array.from(start.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const got = html ? "HTML" : hex === undefined ? "something else" : hex === "" ? "nothing" : `bytes ${hex}`;
  throw new LoadError(html ? "html" : "wrong_file", `expected ${expected}, got ${got} from ${opened.label}${statusOf(opened)}`, cause);
}

const isHtml = (opened: Opened): boolean => /\bhtml\b/i.test(opened.response?.headers.get("content-type") ?? "");

function openResponse(response: Response, url: string, expected: string): Opened {
  const label = url || "the response";
  const opened: Opened = { label, base: url ? new URL(url) : undefined, response };
  if (!response.ok) throw new LoadError("http", `cannot load ${label}: status ${response.status} ${response.statusText}`.trimEnd());
  if (isHtml(opened)) refuse(opened, expected);
  if (response.bodyUsed) throw new LoadError("bad_source", `the body of ${label} has been read already`);
  return opened;
}

/** Begins to load a file; `from` is all that is needed of it. `expected` is what it should be, for messages. */
export async function open(source: FileSource, expected: string, options: LoadOptions, signal: AbortSignal, from = 0): Promise<Opened> {
  if (isAddress(source)) {
    const url = toUrl(source);
    if (url.protocol === "file:" && options.fetch === undefined && node?.getBuiltinModule !== undefined)
      return { label: url.href, base: url, path: url };
    const response = await request(url.href, options, signal, from);
    const start = response.status === 206 ? from : 0;
    return { ...openResponse(response, response.url || url.href, expected), asked: { url: url.href, options }, start };
  }
  if (isResponse(source)) return openResponse(source, source.url, expected);
  if (isModule(source)) return { label: "the module", module: source };
  const bytes = toBytes(source);
  if (bytes === undefined)
    throw new LoadError("bad_source", `cannot load ${expected} from ${source === null ? "null" : typeof source}: give an address, a Response, bytes, a module`);
  return { label: "the bytes", bytes };
}

/** Reads the next piece while the last one is being used; with `reuse` a piece is good until the next one is asked for. */
async function* readFile(path: URL, reuse: boolean): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await node!.getBuiltinModule!("fs/promises").open(path);
  const spare: Uint8Array<ArrayBuffer>[] = [];
  const begin = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const into = spare.pop() ?? new Uint8Array(pieceBytes);
    return into.subarray(0, (await file.read(into, 0, pieceBytes)).bytesRead);
  };
  let next = begin();
  try {
    for (;;) {
      const piece = await next;
      if (piece.length === 0) return;
      next = begin();
      yield piece;
      if (reuse) spare.push(new Uint8Array(piece.buffer));
    }
  } finally {
    await next.catch(() => {});
    await file.close();
  }
}

/** The file from a byte on, in pieces, as they arrive. */
export async function* chunks(opened: Opened, signal: AbortSignal, reuse = false, from = 0): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { bytes, response, path, asked, start = 0 } = opened;
  if (bytes !== undefined) return yield bytes.subarray(from);
  const pieces = path !== undefined ? readFile(path, reuse) : bodyOf(response!, asked?.url, asked?.options ?? {}, signal, start, reuse);
  let skip = from - start;
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      if (skip < piece.length) yield piece.subarray(skip);
      skip = Math.max(0, skip - piece.length);
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof LoadError) throw cause;
    const missing = (cause as { code?: unknown } | null)?.code === "ENOENT";
    throw new LoadError(missing ? "not_found" : "network", `cannot read ${opened.label}: ${messageOf(cause)}`, cause);
  }
}

export async function allBytes(opened: Opened, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (opened.bytes !== undefined) return opened.bytes;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of chunks(opened, signal)) {
    pieces.push(piece);
    size += piece.length;
  }
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
