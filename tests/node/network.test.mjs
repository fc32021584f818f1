// The runtime on servers that fail: answers that come late, bodies that break off, files that change.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { INPUTS, OUTPUTS, makeBundle } from "../support/hand_bundle.mjs";
import { buildRuntime, RUNTIME } from "../support/runtime.mjs";

buildRuntime();
const { load, describe, LoadError } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const files = await makeBundle();
const WEIGHTS = files["model.weights"];

const servers = [];
after(() => servers.forEach((server) => (server.closeAllConnections(), server.close())));

/** A server that handles model.weights by `weights(request, response, how often it was asked before)`, and files that `other` takes. */
async function serve(weights, other = () => false) {
  const asked = [];
  const server = createServer((request, response) => {
    const name = request.url.slice(1);
    if (name === "model.weights") {
      asked.push(request.headers);
      return weights(request, response, asked.length - 1);
    }
    if (other(name, response)) return;
    response.writeHead(200, { "content-type": name.endsWith(".wasm") ? "application/wasm" : "application/json" });
    response.end(files[name]);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: new URL(`http://127.0.0.1:${server.address().port}/`), asked };
}

const ETAG = { etag: '"1"' };

/** As servers that know ranges do. */
function whole(request, response, headers = ETAG) {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  if (from === undefined) response.writeHead(200, { "content-length": WEIGHTS.length, ...headers });
  else response.writeHead(206, { "content-length": WEIGHTS.length - from, "content-range": `bytes ${from}-${WEIGHTS.length - 1}/${WEIGHTS.length}`, ...headers });
  response.end(WEIGHTS.subarray(Number(from ?? 0)));
}
/** Sends some bytes, then nothing more. */
function breakOff(response, bytes, headers = ETAG, body = WEIGHTS) {
  response.writeHead(200, { "content-length": body.length, ...headers });
  response.write(body.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
}
const status = (response, code) => (response.writeHead(code), response.end());

async function works(url, options) {
  const model = await load(url, options);
  assert.deepEqual(await model.run(INPUTS()), OUTPUTS);
}
const fails = (promise, code, pattern) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof LoadError, error.stack);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });

test("503, then 429, then an answer", async () => {
  const { url, asked } = await serve((request, response, before) => (before < 2 ? status(response, [503, 429][before]) : whole(request, response)));
  await works(url);
  assert.equal(asked.length, 3);
});

test("503 for ever; retries: 0", async () => {
  const { url, asked } = await serve((request, response) => status(response, 503));
  await fails(load(url), "http", /status 503/);
  assert.equal(asked.length, 3);
  await fails(load(url, { retries: 0 }), "http", /status 503/);
  assert.equal(asked.length, 4);
});

test("404 is not tried again", async () => {
  const { url, asked } = await serve((request, response) => status(response, 404));
  await fails(load(url), "http", /status 404/);
  assert.equal(asked.length, 1);
});

for (const at of [5, WEIGHTS.length - 3])
  test(`a body that breaks off after ${at} bytes goes on by a range`, async () => {
    const { url, asked } = await serve((request, response, before) => (before === 0 ? breakOff(response, at) : whole(request, response)));
    const seen = [];
    await works(url, { onProgress: ({ loadedBytes }) => seen.push(loadedBytes) });
    assert.deepEqual(asked.map(({ range }) => range), [undefined, `bytes=${at}-`]);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  });

test("it breaks off again and again: each piece counts", async () => {
  const { url, asked } = await serve((request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? "0")[0]);
    response.writeHead(from ? 206 : 200, { ...ETAG, "content-length": WEIGHTS.length - from, ...(from && { "content-range": `bytes ${from}-${WEIGHTS.length - 1}/${WEIGHTS.length}` }) });
    const part = WEIGHTS.subarray(from, from + Math.ceil(WEIGHTS.length / 4));
    if (from + part.length === WEIGHTS.length) response.end(part);
    else response.write(part, () => setTimeout(() => response.destroy(), 20));
  });
  await works(url);
  assert.ok(asked.length >= 4);
});

test("a server without ranges sends all again; what is known is skipped", async () => {
  const { url, asked } = await serve((request, response, before) => {
    if (before === 0) return breakOff(response, 20);
    response.writeHead(200, { ...ETAG, "content-length": WEIGHTS.length });
    response.end(WEIGHTS);
  });
  await works(url);
  assert.equal(asked.length, 2);
});

test("an encoded body goes on without a range", async () => {
  const packed = gzipSync(WEIGHTS);
  const { url, asked } = await serve((request, response, before) => {
    if (before === 0) return breakOff(response, packed.length >> 1, { ...ETAG, "content-encoding": "gzip" }, packed);
    response.writeHead(200, { ...ETAG, "content-encoding": "gzip", "content-length": packed.length });
    response.end(packed);
  });
  await works(url);
  assert.deepEqual(asked.map(({ range }) => range), [undefined, undefined]);
});

test("a file that changed meanwhile is not mixed", async () => {
  const { url } = await serve((request, response, before) => (before === 0 ? breakOff(response, 20, { etag: '"1"' }) : whole(request, response, { etag: '"2"' })));
  await fails(load(url), "changed", /model\.weights changed while it was loaded: load again/);
});

for (const [what, headers] of [["wrong", { "content-range": `bytes 0-${WEIGHTS.length - 1}/${WEIGHTS.length}` }], ["missing", {}]])
  test(`a ${what} range is refused`, async () => {
    const { url } = await serve((request, response, before) => {
      if (before === 0) return breakOff(response, 20);
      response.writeHead(206, { ...ETAG, ...headers });
      response.end(WEIGHTS);
    });
    await fails(load(url), "changed", /model\.weights/);
  });

test("without a version to go by, nothing is put together", async () => {
  const { url, asked } = await serve((request, response, before) => (before === 0 ? breakOff(response, 20, {}) : whole(request, response, {})));
  await fails(load(url), "network", /model\.weights[^]*without ETag or Last-Modified/);
  assert.equal(asked.length, 1);
  const { url: other } = await serve((request, response, before) => (before === 0 ? breakOff(response, 20) : whole(request, response, {})));
  await fails(load(other), "changed", /load again/);
});

test("code that breaks off while it is compiled is asked for again", async () => {
  let asked = 0;
  const { url } = await serve(whole, (name, response) => {
    if (!name.endsWith(".wasm") || asked++ > 0) return false;
    breakOff(response, 100, { ...ETAG, "content-type": "application/wasm" }, files[name]);
    return true;
  });
  await works(url);
  assert.equal(asked, 2);
});

test("code that is damaged is an error of the compiler", async () => {
  const { url } = await serve(whole, (name, response) => {
    if (!name.endsWith(".wasm")) return false;
    const bytes = Uint8Array.from(files[name]);
    bytes.fill(0xff, 40, 60);
    response.writeHead(200, { "content-type": "application/wasm" }).end(bytes);
    return true;
  });
  await fails(load(url), "compile", /cannot compile/);
});

test("the server is gone: the error says how often it was tried", async () => {
  const { url } = await serve((request, response, before) => (before === 0 ? breakOff(response, 20) : request.socket.destroy()));
  await fails(load(url), "network", /model\.weights[^]*\(3 attempts\)/);
});

test("an abort ends the pause between attempts", async () => {
  const { url } = await serve((request, response) => status(response, 503));
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 100);
  const start = performance.now();
  await assert.rejects(load(url, { signal: controller.signal, retries: 8 }), /enough/);
  assert.ok(performance.now() - start < 5000);
});

test("headers go with every request", async () => {
  const { url, asked } = await serve((request, response, before) => (before === 0 ? breakOff(response, 20) : whole(request, response)));
  await works(url, { request: { headers: { authorization: "Bearer x" } } });
  assert.deepEqual(asked.map(({ authorization, range }) => [authorization, range]), [["Bearer x", undefined], ["Bearer x", "bytes=20-"]]);
});

test("describe: what a model needs, from its manifest alone", async () => {
  const { url, asked } = await serve(whole);
  const { info } = await load(url);
  const count = asked.length;
  const { downloadBytes, weightsBytes, ...rest } = await describe(url);
  assert.equal(asked.length, count);
  assert.deepEqual(rest, info);
  const code = { relaxed: "model.relaxed.wasm", simd128: "model.wasm", scalar: "model.scalar.wasm" }[info.variant];
  assert.deepEqual([downloadBytes, weightsBytes], [files[code].length + WEIGHTS.length, WEIGHTS.length]);
  const manifest = JSON.parse(Buffer.from(files["model.json"]).toString());
  delete manifest.files;
  assert.equal((await describe({ manifest, files: {} })).downloadBytes, undefined);
  await fails(describe(new URL("none/", url)), "wrong_file", /expected model\.json/);
});
