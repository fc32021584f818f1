// Programs under a WASI of JavaScript, with weft's host of wasi-nn. A call of a program returns when the model is done: that is why it runs in a worker, which sends what the
// program prints as soon as it prints it.
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "./shim/index.js";
import { wasiNN } from "./weft/cli/wasi_nn.mjs";

const bytes = async (name) => new Uint8Array(await (await fetch(new URL(name, import.meta.url))).arrayBuffer());

/** A program and its model are fetched when they are first asked for. */
const opened = new Map();
async function open(program, model) {
  let log = "";
  const [module, host] = await Promise.all([
    WebAssembly.compileStreaming(fetch(new URL(`./${program}.wasm`, import.meta.url))),
    wasiNN({ models: { [model]: new URL(`./${model}/`, import.meta.url) }, compiler: false, log: (line) => (log += `${line}\n`) }),
  ]);
  return { module, host, takeLog: () => [log, (log = "")][0] };
}
const files = Promise.all(["characters.txt", "labels.txt"].map(async (name) => [name, new File(await bytes(name))]));

async function run({ program, model, args, picture }) {
  if (!opened.has(program)) opened.set(program, open(program, model));
  const { module, host, takeLog } = await opened.get(program);
  const decoder = new TextDecoder();
  const print = new ConsoleStdout((chunk) => postMessage({ text: decoder.decode(chunk, { stream: true }) }));
  const data = new Map(await files);
  if (picture !== undefined) data.set("picture.ppm", new File(picture));
  const wasi = new WASI([program, ...args], [], [new OpenFile(new File([])), print, print, new PreopenDirectory("/data", data)]);
  const nn = host.guest();
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport, ...nn.imports });
  nn.bind(instance);
  const code = wasi.start(instance), log = takeLog();
  if (code !== 0) postMessage({ text: log });
  return { code };
}

const answer = (promise) => promise.then(postMessage, (error) => postMessage({ error: String(error) }));
answer(files.then(() => ({ ready: true })));
addEventListener("message", ({ data }) => answer(run(data)));
