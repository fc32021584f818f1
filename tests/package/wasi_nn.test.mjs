// "weft/wasi-nn": the suite (tests/wasi-nn) on the JavaScript host, in Node and in a worker of headless Chromium; what the suite cannot see.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { build } from "../wasi-nn/build.mjs";
import { CASES } from "../wasi-nn/cases.mjs";
import { PACKAGE } from "../wasi-nn/hosts/package.mjs";
import { loadHost, runSuite } from "../wasi-nn/run.mjs";

for (const name of ["node", "chromium"])
  test(`the suite: ${name}`, async () => {
    const host = await loadHost(name);
    assert.equal(host.unavailable(), undefined);
    const results = await runSuite(host);
    assert.equal(results.length, CASES.length);
    assert.deepEqual(results.filter(({ result }) => result !== "passed"), []);
  });

test("the suite fails on a host that is wrong", async () => {
  const host = await loadHost("node");
  const open = async (files) => {
    const session = await host.open({ ...files, named: { ...files.named, double: files.named["type-u8"], alias: files.named["type-u8"] } });
    return { run: session.run, close: session.close };
  };
  const results = await runSuite({ open, unavailable: host.unavailable }, { only: /^named found$|^run ports$/ });
  assert.deepEqual(results.map(({ name, result }) => [name, result]), [["run ports", "passed"], ["named found", "failed"]]);
});

// What follows calls the functions as a guest does, from a memory of its own.
let api, models, batch;
before(async () => {
  models = path.join(await build(), "models");
  batch = readFileSync(path.join(models, "batch.onnx"));
  api = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn.mjs")));
});

class Guest {
  memory = new WebAssembly.Memory({ initial: 2 });
  #at = 64;
  constructor(host, log = []) {
    this.log = log;
    this.nn = host.guest({ memory: this.memory, log: (line) => log.push(line) }).imports.wasi_ephemeral_nn;
  }
  put(bytes) {
    const at = this.#at;
    new Uint8Array(this.memory.buffer).set(bytes, at);
    this.#at += (bytes.length + 7) & ~7;
    return at;
  }
  words = (...values) => this.put(new Uint8Array(Uint32Array.from(values).buffer));
  word = (at) => new DataView(this.memory.buffer).getUint32(at, true);
  loadParts = (parts, encoding) => this.nn.load(this.words(...parts.flatMap((part) => [this.put(part), part.length])), parts.length, encoding, 0, 0);
  loadNamed = (name) => this.nn.load_by_name(this.put(Buffer.from(name)), Buffer.byteLength(name), 0);
  /** Doubles [1, 3] by the graph whose handle is at 0. */
  doubled(values) {
    assert.equal(this.nn.init_execution_context(this.word(0), 4), 0, this.log.join("\n"));
    const context = this.word(4), data = this.put(new Uint8Array(Float32Array.from(values).buffer));
    assert.equal(this.nn.set_input(context, 0, this.words(this.words(1, 3), 2, 1, data, 12)), 0);
    assert.equal(this.nn.compute(context), 0);
    assert.equal(this.nn.get_output(context, 0, data, 12, 8), 0);
    return [...new Float32Array(this.memory.buffer.slice(data, data + 12))];
  }
}

test("bundles: by address, by files, and as parts that a guest loads; without a compiler", async () => {
  const { createCompiler } = await import(pathToFileURL(path.join(PACKAGE, "cli/compiler.mjs")));
  const { files, manifest } = await (await createCompiler()).compile(batch, { dims: { n: "1..9" }, variants: ["scalar", "simd128"] });
  const host = await api.wasiNN({ compiler: false, models: { files: { manifest, files }, onnx: batch } });
  const guest = new Guest(host);
  assert.equal(guest.loadNamed("files"), 0);
  assert.deepEqual(guest.doubled([1, 2, 3]), [2, 4, 6]);
  const part = async (name) => new Uint8Array(await files.get(name).arrayBuffer());
  assert.equal(guest.loadParts([await part("model.scalar.wasm")], 5), 0, guest.log.join("\n"));
  assert.deepEqual(guest.doubled([4, 5, 6]), [8, 10, 12]);
  assert.equal(guest.loadParts([await part("model.scalar.wasm"), await part("model.wasm"), await part("model.weights")], 5), 0);
  assert.equal(guest.loadParts([await part("model.wasm")], 1), 2);
  assert.equal(guest.loadNamed("onnx"), 6);
  assert.match(guest.log.at(-1), /load_by_name: unsupported_operation: .*without a compiler/);
});

test("guests of one host share its models, and see no graph of each other", async () => {
  const host = await api.wasiNN({ models: { batch: pathToFileURL(path.join(models, "batch.onnx")) } });
  const [one, other] = [new Guest(host), new Guest(host)];
  assert.equal(one.loadNamed("batch"), 0);
  assert.equal(other.nn.init_execution_context(one.word(0), 4), 1);
  assert.equal(other.loadNamed("batch"), 0);
  assert.deepEqual(other.doubled([1, 1, 1]), [2, 2, 2]);
});

test("the same bytes are compiled once, others are not mistaken for them", async () => {
  const { createCompiler } = await import(pathToFileURL(path.join(PACKAGE, "cli/compiler.mjs")));
  const compiler = await createCompiler();
  let compiled = 0;
  const counting = { compileNow: (...parameters) => (++compiled, compiler.compileNow(...parameters)), inspectNow: (...parameters) => compiler.inspectNow(...parameters) };
  const guest = new Guest(await api.wasiNN({ compiler: counting }));
  const ports = readFileSync(path.join(models, "ports.onnx"));
  for (let i = 0; i < 3; ++i) assert.equal(guest.loadParts([ports], 1), 0);
  assert.equal(compiled, 1);
  assert.equal(guest.loadParts([readFileSync(path.join(models, "linear.onnx"))], 1), 0);
  assert.equal(compiled, 2);
});

test("refusals say why in the log", async () => {
  const guest = new Guest(await api.wasiNN());
  assert.equal(guest.loadParts([readFileSync(path.join(models, "unsupported.onnx"))], 1), 6);
  assert.match(guest.log.at(-1), /^load: unsupported_operation: .*Frobnicate/);
  const builders = guest.words(guest.put(batch), batch.length);
  assert.equal(guest.nn.load(builders, 1, 1, 1, 0), 6);
  assert.match(guest.log.at(-1), /gpu.*cpu only/);
  assert.equal(guest.nn.load(-8, 1, 1, 0, 0), 1);
  assert.match(guest.log.at(-1), /4294967288 are not in the memory/);
});

test("limits of the caller; a model that cannot be had; a guest that was not bound", async () => {
  const host = await api.wasiNN({ models: { batch }, limits: { bytes: 1 << 20, contexts: 2 } });
  const guest = new Guest(host);
  assert.equal(guest.loadNamed("batch"), 0);
  const codes = Array.from({ length: 4 }, () => guest.nn.init_execution_context(guest.word(0), 4));
  assert.deepEqual(codes.slice(2), [3, 3]);
  await assert.rejects(api.wasiNN({ models: { gone: pathToFileURL("/nothing/here.onnx") } }), /the model "gone" cannot be had/);
  assert.throws(() => host.guest().imports.wasi_ephemeral_nn.compute(1), /bind\(instance\)/);
});
