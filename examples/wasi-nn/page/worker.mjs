// read.wasm under a WASI of JavaScript, with weft's host of wasi-nn. A call of the program returns when the model is done: that is why it runs in a worker.
import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "./shim/index.js";
import { wasiNN } from "./weft/cli/wasi_nn.mjs";

const bytes = async (name) => new Uint8Array(await (await fetch(new URL(name, import.meta.url))).arrayBuffer());

const start = async () => {
  let log = "";
  const [program, characters, host] = await Promise.all([
    WebAssembly.compileStreaming(fetch(new URL("./read.wasm", import.meta.url))),
    bytes("./characters.txt"),
    wasiNN({ models: { reader: new URL("./reader/", import.meta.url) }, compiler: false, log: (line) => (log += `${line}\n`) }),
  ]);
  const run = async (picture) => {
    log = "";
    let text = "";
    const decoder = new TextDecoder();
    const print = new ConsoleStdout((chunk) => (text += decoder.decode(chunk, { stream: true })));
    const data = new PreopenDirectory("/data", new Map([["picture.ppm", new File(picture)], ["characters.txt", new File(characters)]]));
    const wasi = new WASI(["read", "/data/picture.ppm", "/data/characters.txt"], [], [new OpenFile(new File([])), print, print, data]);
    const nn = host.guest();
    const instance = await WebAssembly.instantiate(program, { wasi_snapshot_preview1: wasi.wasiImport, ...nn.imports });
    nn.bind(instance);
    const code = wasi.start(instance);
    return { code, text: code === 0 ? text : text + log };
  };
  return run;
};

const ready = start();
const answer = (promise) => promise.then(postMessage, (error) => postMessage({ error: String(error) }));
answer(ready.then(() => ({ ready: true })));
addEventListener("message", ({ data }) => answer(ready.then((run) => run(data))));
