// A web server for tests on a free port of 127.0.0.1.
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { buffer } from "node:stream/consumers";

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".mjs": "text/javascript",
  ".weights": "application/octet-stream", ".bin": "application/octet-stream",
};

/**
 * Serves files: path without leading slash -> bytes, text, or {body, type, status, stall}, where stall sends half of the body and
 * no more; or a function of the request's body (bytes) that returns one of these, or a promise of it. Other paths get an HTML page
 * with status 404. Returns {url, requests, close}.
 */
export async function serve(files, headers = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const name = decodeURIComponent(pathname.slice(1));
    requests.push({ name, headers: request.headers });
    const entry = Object.hasOwn(files, name) ? files[name] : undefined;
    const file = typeof entry === "function" ? await entry(await buffer(request)) : entry;
    const plain = typeof file === "string" || file instanceof Uint8Array;
    const { body, type = TYPES[path.extname(name)] ?? "text/plain", status = 200, stall = false } =
      file === undefined ? { body: "<!doctype html><title>not found</title>", type: "text/html", status: 404 } : plain ? { body: file } : file;
    response.writeHead(status, { ...(type && { "content-type": type }), ...headers });
    if (stall) response.write(body.subarray(0, body.length >> 1));
    else response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
