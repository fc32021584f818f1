// The compiler as a library, for pages, workers and Node: models in, bundles out, all in memory. Types: compiler.d.ts.
import { HostError, run, runNow } from "./instance.mjs";

export class CompileError extends Error {
  constructor({ kind, message, node }) {
    super(message);
    this.name = "CompileError";
    this.kind = kind;
    this.node = node;
  }
}

const OUTPUT = "bundle";
const TYPES = { wasm: "application/wasm", js: "text/javascript", html: "text/html", json: "application/json" };

const toBytes = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

/** A host whose files are in memory: what is written are pieces, of which those of weights are views on the model. */
class MemoryHost {
  output = new Map();
  text = { out: "", error: "" };
  #open = [];
  #file;
  #marks = 0;
  #files;

  constructor(files) {
    this.#files = files;
  }

  read(file, offset, into) {
    const part = this.#open[file].subarray(offset, offset + into.length);
    into.set(part);
    return part.length === into.length;
  }

  write(bytes) {
    this.#file.pieces.push(bytes.slice());
  }

  #find(name) {
    const bytes = this.#files.get(name);
    if (bytes === undefined) throw new HostError("not-found", `there is no file ${name}: give it in \`external\``);
    return { file: this.#open.push(bytes) - 1, size: bytes.length };
  }

  call = {
    print: ({ text }) => void (this.text.out += text),
    print_error: ({ text }) => void (this.text.error += text),
    open: ({ path }) => this.#find(path),
    open_part: ({ name }) => this.#find(name),
    open_external: ({ path }) => this.#find(path),
    close: ({ file }) => void (this.#open[file] = undefined),
    create_folder: () => this.output.clear(),
    begin_file: ({ name, chunk_bytes: chunkBytes }) => void this.output.set(name, (this.#file = { pieces: [], chunkBytes })),
    copy: ({ file, offset, bytes }) => void this.#file.pieces.push(this.#open[file].subarray(offset, offset + bytes)),
    // WebCrypto hashes asynchronously: marks stand for the hashes until then.
    end_file: () => {
      const { pieces, chunkBytes } = this.#file;
      const size = pieces.reduce((sum, { length }) => sum + length, 0);
      const chunks = Array.from({ length: chunkBytes > 0 ? Math.ceil(size / chunkBytes) : 0 }, () => mark(this.#marks++));
      return (this.#file.marks = { sha256: mark(this.#marks++), chunks });
    },
    commit: () => null,
    discard: () => this.output.clear(),
  };
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
  return bytes;
}

const mark = (index) => "feedface".repeat(7) + index.toString(16).padStart(8, "0");

const sha256 = async (bytes) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
/** As the manifest's `integrity` has it. */
const base64 = (digits) => btoa(String.fromCharCode(...digits.match(/../g).map((pair) => parseInt(pair, 16))));

function flags({ shapes = {}, dims = {}, constants = {}, variants, target, optimize, weights, int64, deterministic, html, debugNames, profileInfo }) {
  const list = [];
  for (const [name, shape] of Object.entries(shapes)) list.push("--shape", `${name}=${shape.join("x")}`);
  for (const [name, extent] of Object.entries(dims)) list.push("--dim", `${name}=${extent}`);
  for (const [name, values] of Object.entries(constants)) list.push("--constant", `${name}=${[values].flat().join(",")}`);
  if (variants !== undefined) list.push("--variants", variants.join(","));
  for (const [flag, value] of Object.entries({ target, optimize, weights, int64 })) if (value !== undefined) list.push(`--${flag}`, value);
  for (const [flag, on] of Object.entries({ deterministic, html, "debug-names": debugNames, "profile-info": profileInfo })) if (on) list.push(`--${flag}`);
  return list;
}

async function moduleOf(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (ArrayBuffer.isView(source) || source instanceof ArrayBuffer) return WebAssembly.compile(source);
  if (source instanceof Response) return WebAssembly.compileStreaming(source);
  const url = source ?? new URL("./weft.wasm", import.meta.url);
  if (new URL(url, globalThis.location?.href).protocol !== "file:") return WebAssembly.compileStreaming(fetch(url));
  return WebAssembly.compile(await process.getBuiltinModule("fs/promises").readFile(url));
}

function call(command, model, options, more) {
  const name = `${options.name ?? "model"}.onnx`;
  const host = new MemoryHost(new Map([[name, toBytes(model)], ...Object.entries(options.external ?? {}).map(([path, data]) => [path, toBytes(data)])]));
  return { args: [command, name, "--json", ...flags(options), ...more], host };
}

/** The host, with what the program has left in it; or its error. */
function answer(code, host) {
  if (code === 0) return host;
  let error;
  try {
    ({ error } = JSON.parse(host.text.error));
  } catch {
    error = { kind: "usage", message: host.text.error.trim(), node: "" };
  }
  throw new CompileError(error);
}

export class Compiler {
  #module;
  constructor(module) {
    this.#module = module;
  }

  async #run(command, model, options, more) {
    const { args, host } = call(command, model, options, more);
    return answer(await run(this.#module, args, host), host);
  }

  #runNow(command, model, options, more) {
    const { args, host } = call(command, model, options, more);
    return answer(runNow(this.#module, args, host), host);
  }

  async compile(model, options = {}) {
    const { output, text } = await this.#run("compile", model, options, ["-o", OUTPUT]);
    const blobs = new Map();
    const hashes = [];
    const learn = (mark, hash) => hashes.push([mark, hash], [base64(mark), base64(hash)]);
    const filled = (text) => hashes.reduce((text, [mark, hash]) => text.replaceAll(mark, hash), text);
    for (const [name, { pieces, chunkBytes, marks }] of output) {
      const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "";
      // These come after what they say the hashes of.
      const saysHashes = name === "model.js" || name === "model.json";
      const blob = new Blob(saysHashes ? [filled(await new Blob(pieces).text())] : pieces, { type });
      blobs.set(name, blob);
      const bytes = await blob.arrayBuffer();
      for (const [i, chunk] of marks.chunks.entries()) learn(chunk, await sha256(bytes.slice(i * chunkBytes, (i + 1) * chunkBytes)));
      learn(marks.sha256, await sha256(bytes));
    }
    const { files, variants } = JSON.parse(filled(text.out));
    return { files: blobs, manifest: JSON.parse(await blobs.get("model.json").text()), report: { files, variants } };
  }

  compileNow(model, options = {}) {
    const files = new Map();
    for (const [name, { pieces }] of this.#runNow("compile", model, options, ["-o", OUTPUT]).output) files.set(name, joined(pieces));
    const manifest = JSON.parse(new TextDecoder().decode(files.get("model.json")));
    // Nothing can be hashed at once: there are only marks.
    delete manifest.files;
    delete manifest.weights.sha256;
    for (const name of files.keys()) if (!/\.(wasm|weights)$/.test(name)) files.delete(name);
    return { files, manifest };
  }

  inspectNow(model, { shapes, dims, external, name } = {}) {
    return JSON.parse(this.#runNow("inspect", model, { shapes, dims, external, name }, []).text.out);
  }

  async inspect(model, { shapes, dims, external, name } = {}) {
    return JSON.parse((await this.#run("inspect", model, { shapes, dims, external, name }, [])).text.out);
  }
}

export async function createCompiler(source) {
  return new Compiler(await moduleOf(source));
}
