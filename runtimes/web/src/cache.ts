import type { ChunkCache, LoadOptions } from "./types.js";

const name = "weft-weights";

/** The Cache API: of pages and workers in secure contexts. */
async function cacheApi(): Promise<ChunkCache> {
  const cache = await caches.open(name);
  const key = (hash: string): string => `https://weft.invalid/${hash}`;
  return {
    get: async (hash) => (await cache.match(key(hash)))?.arrayBuffer(),
    put: (hash, bytes) => cache.put(key(hash), new Response(bytes)),
  };
}

/** The origin private file system (https://fs.spec.whatwg.org/). */
async function opfs(): Promise<ChunkCache> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
  return {
    get: async (hash) => (await (await folder.getFileHandle(hash)).getFile()).arrayBuffer(),
    async put(hash, bytes) {
      const file = await (await folder.getFileHandle(hash, { create: true })).createWritable();
      await file.write(bytes);
      await file.close();
    },
  };
}

/** Caches are never needed: where there is none, or it is full, weights are downloaded. */
export async function openCache({ cache }: LoadOptions): Promise<ChunkCache | undefined> {
  if (typeof cache === "object") return cache;
  try {
    return cache ? await (cache === "opfs" ? opfs : cacheApi)() : undefined;
  } catch {
    return undefined;
  }
}
