import { LoadError } from "./errors.js";
import type { LoadOptions } from "./types.js";

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const firstPauseMs = 250;
const isTemporary = (status: number): boolean => status === 408 || status === 429 || status >= 500;
const retriesOf = ({ retries = 2 }: LoadOptions): number => retries;
const attempts = (retries: number): string => (retries > 0 ? ` (${retries + 1} attempts)` : "");

/** Longer each time; an abort ends it. */
function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, firstPauseMs * 2 ** attempt);
    signal.addEventListener("abort", end);
  });
}

/** Asks for a file from a byte on. What may be over soon (no network, 408, 429, 5xx) is tried again. */
export async function request(url: string, options: LoadOptions, signal: AbortSignal, from = 0): Promise<Response> {
  const retries = retriesOf(options);
  const init: RequestInit & { signal: AbortSignal } = { ...options.request, signal };
  if (from > 0) {
    init.headers = new Headers(init.headers);
    init.headers.set("range", `bytes=${from}-`);
  }
  for (let attempt = 0; ; ++attempt) {
    try {
      const response = await (options.fetch ?? fetch)(url, init);
      if (!isTemporary(response.status) || attempt >= retries) return response;
      response.body?.cancel().catch(() => {});
    } catch (cause) {
      signal.throwIfAborted();
      if (attempt >= retries) throw new LoadError("network", `cannot load ${url}: ${messageOf(cause)}${attempts(retries)}`, cause);
    }
    await backOff(attempt, signal);
  }
}

const versionOf = ({ headers }: Response): string | null => headers.get("etag") ?? headers.get("last-modified");

/** Its length, where that counts the bytes that arrive; across origins an encoding does not show. */
function lengthOf({ headers, type }: Response): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") || type === "cors" ? undefined : Number(length);
}

/** The rest of a file from a byte on, and how much of the answer comes before that. Both must be of one version, and known to be. */
async function rest(url: string, first: Response, from: number, options: LoadOptions, signal: AbortSignal): Promise<[Response, number]> {
  const response = await request(url, options, signal, lengthOf(first) === undefined ? 0 : from);
  if (!response.ok) throw new LoadError("http", `cannot load the rest of ${url}: status ${response.status} ${response.statusText}`.trimEnd());
  const moved = response.status === 206 && !response.headers.get("content-range")?.startsWith(`bytes ${from}-`);
  if (moved || versionOf(response) !== versionOf(first)) throw new LoadError("changed", `${url} changed while it was loaded: load again`);
  return [response, response.status === 206 ? 0 : from];
}

/** Large enough for few reads, small enough to stay in a core's cache until it is used. */
const readBytes = 1 << 20;

/** With `reuse`, a piece is good until the next one is asked for: one buffer serves them all, where the engine's streams can. */
async function* read(body: ReadableStream<Uint8Array<ArrayBuffer>>, reuse: boolean): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let buffer: ArrayBuffer | undefined;
  let reader: { read(view?: Uint8Array): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>; cancel(): Promise<void> };
  try {
    reader = body.getReader(reuse ? { mode: "byob" } : {}) as typeof reader;
    if (reuse) buffer = new ArrayBuffer(readBytes);
  } catch {
    reader = body.getReader();
  }
  try {
    for (;;) {
      const { done, value } = await reader.read(buffer && new Uint8Array(buffer));
      if (done) return;
      if (buffer) buffer = value.buffer;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * The body in pieces; it begins at byte `start` of the file. Where it breaks off, it goes on from there: by a range, or by skipping what is
 * known; with no `url`, or nothing to tell versions apart by, it fails.
 */
export async function* bodyOf(
  first: Response, url: string | undefined, options: LoadOptions, signal: AbortSignal, start: number, reuse: boolean,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!first.body) return yield new Uint8Array(await first.arrayBuffer());
  const length = lengthOf(first);
  const whole = length && start + length;
  const retries = url === undefined ? 0 : retriesOf(options);
  let response = first, at = start, skip = 0;
  for (let attempt = 0; ; ++attempt) {
    let reason: unknown;
    try {
      for await (const piece of read(response.body!, reuse)) {
        signal.throwIfAborted();
        const known = Math.min(skip, piece.length);
        skip -= known;
        if (known === piece.length) continue;
        at += piece.length - known;
        attempt = 0;
        yield piece.subarray(known);
      }
      if (whole === undefined || at >= whole || url === undefined) return;
      reason = new Error(`it ends after ${at} of ${whole} bytes`);
    } catch (cause) {
      signal.throwIfAborted();
      reason = cause;
    }
    if (url !== undefined && retries > 0 && versionOf(first) === null)
      throw new LoadError("network", `cannot read ${url}: ${messageOf(reason)}; without ETag or Last-Modified the rest cannot be asked for`, reason);
    if (attempt >= retries) throw new LoadError("network", `cannot read ${url ?? "the response"}: ${messageOf(reason)}${attempts(retries)}`, reason);
    await backOff(attempt, signal);
    [response, skip] = await rest(url!, first, at, options, signal);
  }
}
