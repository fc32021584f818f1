// weft.wasm (cli/wasm/main.cpp) with a host around it, wherever there is WebAssembly.
//
// A host is {call: {[op]: (request) => answer}, read(file, offset, into), write(bytes)}; an op that fails throws a HostError.

/** Parallel to ErrorKind of src/base/result.hpp. */
const KINDS = ["invalid-model", "unsupported", "invalid-argument", "not-found", "limit"];

export class HostError extends Error {
  constructor(kind, message) {
    super(message);
    this.status = 1 + KINDS.indexOf(kind);
  }
}

class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** What wasi-libc still asks for: no files, no environment, messages of aborts to the host. */
function wasi(memory, host) {
  const view = () => new DataView(memory().buffer);
  const badFile = 8;
  return {
    environ_sizes_get(count, bytes) {
      view().setUint32(count, 0, true);
      view().setUint32(bytes, 0, true);
      return 0;
    },
    environ_get: () => 0,
    fd_close: () => badFile,
    fd_seek: () => badFile,
    fd_write(file, vectors, count, written) {
      let total = 0;
      for (let i = 0; i < count; ++i) {
        const at = view().getUint32(vectors + 8 * i, true), size = view().getUint32(vectors + 8 * i + 4, true);
        host.call[file === 1 ? "print" : "print_error"]({ text: decoder.decode(new Uint8Array(memory().buffer, at, size)) });
        total += size;
      }
      view().setUint32(written, total, true);
      return 0;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
  };
}

/** What the module imports, and the function that runs the program once in an instance of it and returns its exit code. */
function program(args, host) {
  let instance, answer = new Uint8Array();
  const memory = () => instance.exports.memory;
  const bytes = (at, size) => new Uint8Array(memory().buffer, at, size);
  const imports = {
    call(at, size) {
      const request = JSON.parse(decoder.decode(bytes(at, size)));
      try {
        answer = encoder.encode(JSON.stringify(host.call[request.op](request) ?? null));
        return 0;
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        answer = encoder.encode(error.message);
        return error.status;
      }
    },
    answer_size: () => answer.length,
    answer: (into) => bytes(into, answer.length).set(answer),
    read: (file, offset, into, size) => (host.read(file, Number(offset), bytes(into >>> 0, size >>> 0)) ? 1 : 0),
    write: (at, size) => host.write(bytes(at >>> 0, size >>> 0)),
  };
  const start = (made) => {
    instance = made;
    const text = encoder.encode(JSON.stringify(args));
    try {
      instance.exports._initialize();
      const at = instance.exports.weft_alloc(text.length);
      bytes(at >>> 0, text.length).set(text);
      return instance.exports.weft_main(at, text.length);
    } catch (error) {
      if (error instanceof Exit) return error.code;
      throw error;
    }
  };
  return { imports: { weft: imports, wasi_snapshot_preview1: wasi(memory, host) }, start };
}

/** Runs the program once; a promise of its exit code. A bug in weft rejects with what the engine says. */
export async function run(module, args, host) {
  const { imports, start } = program(args, host);
  return start(await WebAssembly.instantiate(module, imports));
}

/** The same without a promise. */
export function runNow(module, args, host) {
  const { imports, start } = program(args, host);
  return start(new WebAssembly.Instance(module, imports));
}
