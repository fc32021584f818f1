// The host of `npx weft`: Node's file system. Runs in a worker (weft.mjs says why).
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { HostError } from "./instance.mjs";

const COPY_BYTES = 1 << 20;

/** "No such file or directory", as the native program says. */
function reason(error) {
  const text = (error.message ?? String(error)).replace(/^[A-Z0-9_]+: /, "").replace(/, \w+( '.*)?$/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Runs a call of the file system; a failure is the user's to know. */
function attempt(what, call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError("not-found", `${what}: ${reason(error)}`);
  }
}

/** What the manifest of an older bundle in this folder names, and itself; nothing where there is none. */
function bundleFiles(folder) {
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
    return manifest.abi === undefined ? [] : ["model.json", ...manifest.files.map(({ name }) => name)];
  } catch {
    return [];
  }
}

/** Everything or it throws; a pipe that is full is tried again. */
function writeAll(file, bytes) {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(file, bytes, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

export class NodeHost {
  #open = new Map();
  #next = 0;
  #folder; // {path, aside}
  #file; // {path, descriptor, hash}
  #ask;

  /** `ask`: a request to the main thread that waits for its answer. */
  constructor(ask) {
    this.#ask = ask;
  }

  read(file, offset, into) {
    for (let done = 0; done < into.length; ) {
      const count = fs.readSync(this.#open.get(file), into, done, into.length - done, offset + done);
      if (count === 0) return false;
      done += count;
    }
    return true;
  }

  write(bytes) {
    this.#file.hash.update(bytes);
    this.#hashChunks(bytes);
    attempt(`cannot write ${this.#file.path}`, () => writeAll(this.#file.descriptor, bytes));
  }

  #openFile(name) {
    return attempt(`cannot open ${name}`, () => {
      const facts = fs.statSync(name);
      if (!facts.isFile()) throw new HostError("not-found", `${name} is not a file`);
      this.#open.set(this.#next, fs.openSync(name, "r"));
      return { file: this.#next++, size: facts.size };
    });
  }

  #begin(name, chunkBytes = 0) {
    const descriptor = attempt(`cannot write ${name}`, () => fs.openSync(name, "w"));
    this.#file = { path: name, descriptor, hash: createHash("sha256"), chunkBytes, filled: 0, chunk: createHash("sha256"), chunks: [] };
  }

  #hashChunks(bytes) {
    const file = this.#file;
    for (let at = 0; file.chunkBytes > 0 && at < bytes.length; ) {
      const part = bytes.subarray(at, at + file.chunkBytes - file.filled);
      file.chunk.update(part);
      file.filled += part.length;
      at += part.length;
      if (file.filled === file.chunkBytes) this.#closeChunk();
    }
  }

  #closeChunk() {
    this.#file.chunks.push(this.#file.chunk.digest("hex"));
    Object.assign(this.#file, { filled: 0, chunk: createHash("sha256") });
  }

  /** A folder that the main thread removes if this program ends early. */
  #temporary(prefix) {
    const name = prefix + randomBytes(6).toString("hex");
    this.#ask({ op: "remove_at_end", folder: name });
    fs.mkdirSync(name, { mode: 0o755 });
    return name;
  }

  #inPlace({ path: wanted, aside }) {
    if (!fs.existsSync(wanted)) return fs.renameSync(aside, wanted);
    const refuse = (why) => { throw new HostError("invalid-argument", `${wanted} ${why}; choose another --output`); };
    if (!fs.statSync(wanted).isDirectory()) refuse("is a file");
    // As cli/native/files.cpp has it.
    const ours = new Set([...bundleFiles(wanted), ...fs.readdirSync(aside).flatMap((name) => (name.endsWith(".o") ? [name, `${name.slice(0, -2)}.weights`] : [name]))]);
    const others = fs.readdirSync(wanted, { withFileTypes: true }).filter((entry) => !ours.has(entry.name) || entry.isDirectory()).map(({ name }) => name).sort();
    if (others.length > 0) refuse(`holds ${others[0]}, which is not weft's`);
    fs.renameSync(wanted, `${aside}.old`);
    fs.renameSync(aside, wanted);
    fs.rmSync(`${aside}.old`, { recursive: true });
  }

  call = {
    print: ({ text }) => writeAll(1, Buffer.from(text)),
    print_error: ({ text }) => writeAll(2, Buffer.from(text)),
    environment: ({ name }) => process.env[name] ?? "",
    absolute: ({ path: name }) => path.resolve(name),
    is_folder: ({ path: name }) => fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false,
    open: ({ path: name }) => this.#openFile(name),
    open_part: ({ name }) => this.#openFile(fileURLToPath(new URL(name, import.meta.url))),
    open_external: ({ model, path: name }) => {
      const folder = path.dirname(fs.realpathSync(model));
      const joined = path.resolve(folder, name);
      const file = fs.existsSync(joined) ? fs.realpathSync(joined) : joined;
      const inside = path.relative(folder, file);
      if (inside.startsWith("..") || path.isAbsolute(inside))
        throw new HostError("invalid-model", `external data ${name} lies outside the model's folder`);
      return this.#openFile(file);
    },
    close: ({ file }) => {
      fs.closeSync(this.#open.get(file));
      this.#open.delete(file);
    },
    create_folder: ({ path: name }) => {
      const wanted = path.resolve(name);
      this.#folder = { path: name, aside: attempt(`cannot write beside ${name}`, () => {
        fs.mkdirSync(path.dirname(wanted), { recursive: true });
        return this.#temporary(path.join(path.dirname(wanted), `.${path.basename(wanted)}.tmp.`));
      }) };
    },
    begin_file: ({ name, chunk_bytes }) => this.#begin(path.join(this.#folder.aside, name), chunk_bytes),
    begin_temporary: ({ path: name }) => this.#begin(name),
    copy: ({ file, offset, bytes }) => {
      const buffer = Buffer.alloc(Math.min(COPY_BYTES, bytes));
      for (let done = 0; done < bytes; done += COPY_BYTES) {
        const part = buffer.subarray(0, Math.min(COPY_BYTES, bytes - done));
        if (!this.read(file, offset + done, part)) throw new HostError("invalid-model", "the data ends before what it announces");
        this.write(part);
      }
    },
    end_file: () => {
      attempt(`cannot write ${this.#file.path}`, () => fs.closeSync(this.#file.descriptor));
      if (this.#file.filled > 0) this.#closeChunk();
      return { sha256: this.#file.hash.digest("hex"), chunks: this.#file.chunks };
    },
    commit: () => attempt(`cannot write ${this.#folder.path}`, () => void this.#inPlace(this.#folder)),
    discard: () => fs.rmSync(this.#folder.aside, { recursive: true, force: true }),
    temporary_folder: () => attempt("cannot make a temporary folder", () => this.#temporary(path.join(os.tmpdir(), "weft-run."))),
    run_node: ({ program, folder }) => {
      const { problem, code } = this.#ask({ op: "run_node", program: program === "node" ? process.execPath : program, script: path.join(folder, "main.mjs") });
      if (problem === undefined) return code;
      const advice = "install Node 20.16 or later, or name it with --engine node:PATH or WEFT_NODE";
      throw new HostError("not-found", `cannot start ${program}: ${reason({ message: problem })}; ${advice}`);
    },
  };
}
