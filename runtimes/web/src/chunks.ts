// model.weights in chunks of equal size, each with its SHA-256 in the manifest (docs/bundle.md).
import { LoadError } from "./errors.js";
import { chunks, toBytes, type Opened } from "./files.js";
import type { Manifest } from "./manifest.js";
import type { ChunkCache, LoadOptions } from "./types.js";

/** Only in secure contexts (https, localhost); elsewhere nothing is checked, nor cached. */
const subtle = (globalThis as { crypto?: Crypto }).crypto?.subtle;

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await subtle!.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The file's bytes, in pieces: chunks that are cached, as far as these go from its start, then what `begin` opens from there on. A piece is
 * good until the next one is asked for. Chunks are hashed on the way, all of them when they are to be cached or `integrity` is set, else the
 * first and the last one, which tell two compilations apart: to hash all takes as long as to pack them (docs/performance.md).
 */
export async function* checkedChunks(
  { sha256: hashes = [], chunk_bytes: size = 1, file_bytes: fileBytes }: Manifest["weights"],
  begin: (from: number) => Promise<Opened>,
  cache: ChunkCache | undefined,
  { integrity = cache !== undefined }: LoadOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (subtle === undefined) hashes = [];
  let index = 0;
  for (; cache && index < hashes.length; ++index) {
    const kept = toBytes(await cache.get(hashes[index]!).catch(() => {}));
    signal.throwIfAborted();
    if (kept === undefined || (await sha256(kept)) !== hashes[index]) break;
    yield kept;
  }
  if (index > 0 && index === hashes.length) return;
  const from = index * size;
  const opened = await begin(from);
  const pieces = chunks(opened, signal, true, from);
  if (hashes.length === 0) return yield* pieces;

  const check = async (chunk: Uint8Array<ArrayBuffer>, i: number): Promise<void> => {
    const hash = await sha256(chunk);
    if (hash !== hashes[i])
      throw new LoadError("integrity", `${opened.label} is not as it was compiled from byte ${i * size} on (SHA-256 ${hash})`);
    await cache?.put(hash, chunk).catch(() => {});
  };
  // While the reader uses what it has.
  let checked: Promise<void> | undefined;
  let chunk = new Uint8Array(), filled = 0;
  for await (const piece of pieces)
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + size - filled);
      const wanted = integrity || index === 0 || index === hashes.length - 1;
      // A cache may read its chunk while the next one is filled; digests take copies.
      if (filled === 0 && wanted && (cache || chunk.length === 0)) chunk = new Uint8Array(size);
      if (wanted) chunk.set(part, filled);
      at += part.length;
      filled += part.length;
      // Of a file of another size, the reader has more to say.
      if (filled === size || index * size + filled === fileBytes) {
        await checked;
        if (wanted) (checked = check(chunk.subarray(0, filled), index)).catch(() => {});
        index++;
        filled = 0;
      }
      yield part;
    }
  await checked;
}
