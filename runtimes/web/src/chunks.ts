// model.weights in chunks of equal size, each with its SHA-256 in the manifest (docs/bundle.md).
import { LoadError } from "./errors.js";
import { chunks, toBytes, type Opened } from "./files.js";
import type { Manifest } from "./manifest.js";
import type { ChunkCache } from "./types.js";

/** Only in secure contexts (https, localhost); elsewhere nothing is checked, nor cached. */
const subtle = (globalThis as { crypto?: Crypto }).crypto?.subtle;

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await subtle!.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The file's bytes, in pieces: chunks that are cached, as far as these go from its start, then what `begin` opens from there on. While the
 * reader uses a piece, chunks are hashed, and those that are right are cached; the end of the file is reached when all were.
 */
export async function* checkedChunks(
  { sha256: hashes = [], chunk_bytes: size = 1, file_bytes: fileBytes }: Manifest["weights"],
  begin: (from: number) => Promise<Opened>,
  cache: ChunkCache | undefined,
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

  const check = async (chunk: Uint8Array<ArrayBuffer>, i: number): Promise<LoadError | undefined> => {
    const hash = await sha256(chunk);
    if (hash !== hashes[i])
      return new LoadError("integrity", `${opened.label} is not as it was compiled from byte ${i * size} on (SHA-256 ${hash}): damaged, or of another compilation`);
    await cache?.put(hash, chunk).catch(() => {});
    return undefined;
  };
  const checks: Promise<LoadError | undefined>[] = [];
  const passed = async (left: number): Promise<void> => {
    while (checks.length > left) {
      const error = await checks.shift();
      if (error) throw error;
    }
  };
  let chunk = new Uint8Array(), filled = 0;
  for await (const piece of chunks(opened, signal, true, from)) {
    if (hashes.length === 0) {
      yield piece;
      continue;
    }
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + size - filled);
      if (filled === 0 && (cache || chunk.length === 0)) chunk = new Uint8Array(size);
      chunk.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled === size) {
        checks.push(check(chunk, index++));
        filled = 0;
        await passed(1);
      }
      yield part;
    }
  }
  // Of a file of another size, the reader has more to say.
  if (filled > 0 && index * size + filled === fileBytes) checks.push(check(chunk.subarray(0, filled), index));
  await passed(0);
}
