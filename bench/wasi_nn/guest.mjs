// guest.mjs GUEST BUNDLE INPUTFOLDER ARGS...: runs guest.c on weft's JavaScript host of wasi-nn, under node:wasi.
import { readFileSync, readSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { WASI } from "node:wasi";

import { makeHost } from "../../build/runtime/weft.wasi-nn.js";

const [guest, bundle, folder, ...args] = process.argv.slice(2);
const nn = await makeHost({ models: { model: pathToFileURL(`${bundle}/`) }, log: console.error });
const wasi = new WASI({ version: "preview1", args: ["guest", ...args], preopens: { "/data": folder }, returnOnExit: true });
const system = wasi.getImportObject().wasi_snapshot_preview1;

/** fd_read of the standard input that waits: node:wasi answers EAGAIN where a pipe is empty. */
function read(iovecs, count, out) {
  const { buffer } = instance.exports.memory;
  const words = new DataView(buffer);
  const into = new Uint8Array(buffer, words.getUint32(iovecs, true), words.getUint32(iovecs + 4, true));
  for (;;)
    try {
      words.setUint32(out, count > 0 ? readSync(0, into) : 0, true);
      return 0;
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
}
const fdRead = (fd, ...parameters) => (fd === 0 ? read(...parameters) : system.fd_read(fd, ...parameters));
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(guest)), { wasi_snapshot_preview1: { ...system, fd_read: fdRead }, ...nn.imports });
nn.bind(instance);
process.exitCode = wasi.start(instance);
