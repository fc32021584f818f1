// Weights in chunks that have hashes: what is damaged is found, what is right can be cached.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { INPUTS, makeBundle, OUTPUTS } from "../support/hand_bundle.mjs";
import { buildRuntime, RUNTIME } from "../support/runtime.mjs";

buildRuntime();
const { load, describe, LoadError } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);

const CHUNK = 64;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const bundles = {};
for (const streamed of [false, true]) {
  const files = await makeBundle(undefined, streamed);
  const weights = files["model.weights"];
  const hashes = [];
  for (let at = 0; at < weights.length; at += CHUNK) hashes.push(sha256(weights.subarray(at, at + CHUNK)));
  assert.ok(hashes.length >= 3 && weights.length % CHUNK !== 0);
  const manifest = JSON.parse(new TextDecoder().decode(files["model.json"]));
  Object.assign(manifest.weights, { file_bytes: weights.length, chunk_bytes: CHUNK, sha256: hashes });
  bundles[streamed] = { ...files, "model.json": new TextEncoder().encode(JSON.stringify(manifest)), hashes, manifest };
}
const { hashes, "model.weights": WEIGHTS } = bundles[true];
const LAST = (hashes.length - 1) * CHUNK;

/** What a browser's caches do. */
function ownCache() {
  const kept = new Map();
  return { kept, get: async (hash) => kept.get(hash), put: async (hash, bytes) => void kept.set(hash, bytes.slice()) };
}

const servers = [];
after(() => servers.forEach((server) => (server.closeAllConnections(), server.close())));
/** `weights`: the file served, which breaks off after `cut` bytes; `ranges`: whether the server knows them. */
async function serve({ weights = WEIGHTS, cut = Infinity, ranges = true, streamed = true } = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    const name = request.url.slice(1);
    if (name !== "model.weights") {
      response.writeHead(200, { "content-type": name.endsWith(".wasm") ? "application/wasm" : "application/json" });
      return response.end(bundles[streamed][name]);
    }
    const { range } = request.headers;
    asked.push(range);
    const from = ranges && range ? Number(/^bytes=(\d+)-$/.exec(range)[1]) : 0;
    response.writeHead(from ? 206 : 200, {
      etag: '"1"', "content-length": weights.length - from, ...(from && { "content-range": `bytes ${from}-${weights.length - 1}/${weights.length}` }),
    });
    if (cut >= weights.length) response.end(weights.subarray(from));
    else if (cut <= from) response.destroy();
    else response.write(weights.subarray(from, cut), () => setTimeout(() => response.destroy(), 20));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: new URL(`http://127.0.0.1:${server.address().port}/`), asked };
}
async function works(source, options) {
  const model = await load(source, options);
  assert.deepEqual(await model.run(INPUTS()), OUTPUTS);
  model.dispose();
}
const fails = (promise, code, pattern) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof LoadError, error.stack);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });
const damaged = (at) => {
  const bytes = WEIGHTS.slice();
  bytes[at] ^= 1;
  return bytes;
};

test("right weights load, from a server, from bytes, with prepare asking and without", async () => {
  for (const streamed of [true, false]) {
    await works((await serve({ streamed })).url);
    const { manifest, hashes, ...files } = bundles[streamed];
    await works({ manifest, files });
  }
});

for (const at of [3, CHUNK, CHUNK * 2 - 1, LAST, WEIGHTS.length - 1])
  for (const streamed of [true, false])
    test(`one wrong bit in byte ${at} is found${streamed ? "" : ", also in older bundles"}`, async () => {
      const begin = Math.floor(at / CHUNK) * CHUNK;
      await fails(load((await serve({ weights: damaged(at), streamed })).url, { integrity: true }), "integrity", new RegExp(`model\\.weights is not as it was compiled from byte ${begin} on`));
    });

test("in the middle only when asked for", async () => {
  const { manifest, hashes, ...files } = bundles[true];
  const source = { manifest, files: { ...files, "model.weights": damaged(CHUNK) } };
  (await load(source)).dispose();
  for (const integrity of [true, undefined]) await fails(load(source, { integrity, cache: integrity ? undefined : ownCache() }), "integrity", /from byte 64 on/);
  const cache = ownCache();
  (await load(source, { integrity: false, cache })).dispose();
  assert.deepEqual([...cache.kept.keys()], [hashes[0], hashes[2]]);
});

test("weights of another size are told by that", async () => {
  for (const size of [WEIGHTS.length - 1, LAST]) await fails(load({ manifest: bundles[true].manifest, files: { ...bundles[true], "model.weights": WEIGHTS.slice(0, size) } }), "truncated", /truncated/);
  const longer = new Uint8Array(WEIGHTS.length + 1);
  longer.set(WEIGHTS);
  await fails(load({ manifest: bundles[true].manifest, files: { ...bundles[true], "model.weights": longer } }), "mismatch", /not of this model/);
});

test("what is cached is not asked for again", async () => {
  const cache = ownCache();
  const { url, asked } = await serve();
  await works(url, { cache });
  assert.deepEqual([...cache.kept.keys()], hashes);
  assert.deepEqual(asked, [undefined]);
  const seen = [];
  await works(url, { cache, onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(asked, [undefined]);
  assert.equal(seen.at(-1).loadedBytes, (await describe(url)).downloadBytes);
});

test("a download that broke off goes on at the next visit", async () => {
  const cache = ownCache();
  const broken = await serve({ cut: CHUNK * 2 + 2 });
  await fails(load(broken.url, { cache, retries: 0 }), "network", /model\.weights/);
  assert.deepEqual([...cache.kept.keys()], hashes.slice(0, 2));
  for (const ranges of [true, false]) {
    const copy = ownCache();
    for (const [hash, bytes] of cache.kept) copy.kept.set(hash, bytes);
    const { url, asked } = await serve({ ranges });
    await works(url, { cache: copy });
    assert.deepEqual(asked, [`bytes=${CHUNK * 2}-`]);
    assert.deepEqual([...copy.kept.keys()], hashes);
  }
  const { url, asked } = await serve({ cut: LAST + 1 });
  await fails(load(url, { cache, retries: 1 }), "network", /model\.weights/);
  assert.deepEqual(asked.slice(0, 2), [`bytes=${CHUNK * 2}-`, `bytes=${LAST + 1}-`]);
});

test("what is damaged is not cached, and a cache that is damaged is not used", async () => {
  const cache = ownCache();
  await fails(load((await serve({ weights: damaged(CHUNK) })).url, { cache }), "integrity", /from byte 64 on/);
  assert.ok(cache.kept.has(hashes[0]) && !cache.kept.has(hashes[1]));
  const { url, asked } = await serve();
  await works(url, { cache });
  for (const wrong of [Uint8Array.of(1), damaged(CHUNK).slice(CHUNK, 2 * CHUNK)]) {
    cache.kept.set(hashes[1], wrong);
    await works(url, { cache });
    assert.equal(sha256(cache.kept.get(hashes[1])), hashes[1]);
  }
  assert.deepEqual(asked, [`bytes=${CHUNK}-`, `bytes=${CHUNK}-`, `bytes=${CHUNK}-`]);
});

test("a cache that fails does no harm", async () => {
  const broken = () => Promise.reject(new Error("the disk is full"));
  const { url, asked } = await serve();
  await works(url, { cache: { get: broken, put: broken } });
  await works(url, { cache: true }); // there is none in Node
  await works(url, { cache: "opfs" });
  assert.equal(asked.length, 3);
});

test("bundles without hashes are neither checked nor cached", async () => {
  const cache = ownCache();
  const { "model.weights": file, ...files } = await makeBundle();
  await works({ manifest: JSON.parse(new TextDecoder().decode(files["model.json"])), files: { ...files, "model.weights": file } }, { cache });
  assert.equal(cache.kept.size, 0);
});

test("an abort while the cache is asked", async () => {
  const controller = new AbortController();
  const cache = { get: async () => (controller.abort(new Error("enough")), WEIGHTS.slice(0, CHUNK)), put: async () => {} };
  await assert.rejects(load((await serve()).url, { cache, signal: controller.signal }), /enough/);
});

test("hashes that are no list of texts, or a chunk of no bytes, are a bad manifest", async () => {
  for (const change of [{ sha256: [1] }, { sha256: "ab" }, { chunk_bytes: 0 }, { chunk_bytes: -4 }, { chunk_bytes: "4" }]) {
    const manifest = structuredClone(bundles[true].manifest);
    Object.assign(manifest.weights, change);
    await fails(load({ manifest, files: bundles[true] }), "bad_manifest", /weights\.(sha256|chunk_bytes)/);
  }
});
