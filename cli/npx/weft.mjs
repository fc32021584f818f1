#!/usr/bin/env node
// `npx weft`: the command line, compiled to weft.wasm. A worker runs it, so that this thread hears signals meanwhile and leaves
// nothing half-written.
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { MessageChannel, Worker } from "node:worker_threads";

const ENGINE_FAILED = 8, INTERNAL_ERROR = 134;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const { port1: port, port2 } = new MessageChannel();
const answered = new Int32Array(new SharedArrayBuffer(4));
const module = await WebAssembly.compile(readFileSync(new URL("./weft.wasm", import.meta.url)));
const worker = new Worker(new URL("./worker.mjs", import.meta.url), {
  workerData: { module, args: process.argv.slice(2), port: port2, answered },
  transferList: [port2],
});

const folders = new Set();
let child, childCode = 0;

const removeFolders = () => {
  for (const folder of folders) for (const name of [folder, `${folder}.old`]) rmSync(name, { recursive: true, force: true, maxRetries: 3 });
};

function runNode({ program, script }, answer) {
  child = spawn(program, [script], { stdio: "inherit" });
  child.on("error", ({ message, code }) => answer({ problem: code === "ENOENT" ? "no such file or directory" : message }));
  child.on("exit", (code, signal) => {
    childCode = code ?? ENGINE_FAILED;
    if (signal) process.stderr.write(`weft: the engine was ended by signal ${os.constants.signals[signal]} (${signal})\n`);
    answer({ code: childCode });
  });
}

port.on("message", (request) => {
  const answer = (message) => {
    port.postMessage(message);
    Atomics.store(answered, 0, 1);
    Atomics.notify(answered, 0);
  };
  if (request.op === "run_node") return runNode(request, answer);
  folders.add(request.folder);
  answer({});
});

async function end(signal) {
  child?.kill(signal);
  await worker.terminate();
  removeFolders();
  for (const name of SIGNALS) process.removeAllListeners(name);
  process.kill(process.pid, signal);
}
for (const signal of SIGNALS) process.on(signal, () => void end(signal));

worker.on("message", (code) => {
  removeFolders();
  port.close();
  process.exitCode = code || childCode;
});
worker.on("error", (error) => {
  removeFolders();
  port.close();
  console.error(`weft: this is a bug in weft, please report it: ${error.stack ?? error}`);
  process.exitCode = INTERNAL_ERROR;
});
