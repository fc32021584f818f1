// "weft/wasi-nn": the suite (tests/wasi-nn) on the JavaScript hosts, in Node and in workers of headless Chromium and Firefox; what the suite cannot see.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { folderOf, inputsOf, oracleOf, relativeError, TOLERANCE } from "../support/models.mjs";
import { build } from "../wasi-nn/build.mjs";
import { PACKAGE } from "../wasi-nn/hosts/package.mjs";
import { casesOf, loadHost, runSuite } from "../wasi-nn/run.mjs";

for (const name of ["node", "chromium", "firefox", "jco", "jco-chromium", "jco-firefox", "adapted"])
  test(`the suite: ${name}`, async () => {
    const host = await loadHost(name);
    assert.equal(host.unavailable(), undefined);
    const results = await runSuite(host);
    assert.equal(results.length, casesOf(host).length);
    assert.deepEqual(results.filter(({ result }) => result === "failed"), []);
    // A host says what it leaves out.
    const left = casesOf(host).filter(({ needs }) => needs.some((need) => need in (host.lacks ?? {}))).map(({ name }) => name);
    assert.deepEqual(results.filter(({ result }) => result === "skipped").map(({ name }) => name), left);
    assert.ok(left.length <= 10);
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

for (const name of ["ppocr-rec", "squeezenet"])
  test(`${name}, loaded as ONNX with what it leaves open, beside ONNX Runtime`, async () => {
    const host = await api.wasiNN({ models: { model: readFileSync(path.join(folderOf(name), "model.onnx")) } });
    const guest = new Guest(host);
    guest.memory.grow(100);
    assert.equal(guest.loadNamed("model"), 0, guest.log.join("\n"));
    assert.equal(guest.nn.init_execution_context(guest.word(0), 4), 0, guest.log.join("\n"));
    const context = guest.word(4);
    for (const [i, { shape, file }] of inputsOf(name).entries()) {
      const bytes = readFileSync(path.join(folderOf(name), file));
      assert.equal(guest.nn.set_input(context, i, guest.words(guest.words(...shape), shape.length, 1, guest.put(bytes), bytes.length)), 0, guest.log.join("\n"));
    }
    assert.equal(guest.nn.compute(context), 0, guest.log.join("\n"));
    const outputs = oracleOf(name).filter(({ kind }) => kind === "output");
    for (const [i, { file }] of outputs.entries()) {
      assert.equal(guest.nn.get_output(context, i, 0, 0, 8), 7);
      const size = guest.word(8), at = guest.put(new Uint8Array(size));
      assert.equal(guest.nn.get_output(context, i, at, size, 8), 0);
      const expected = readFileSync(path.join(folderOf(name), "oracle", file));
      const floats = (buffer, from, bytes) => new Float32Array(buffer.slice(from, from + bytes));
      assert.ok(relativeError(floats(guest.memory.buffer, at, size), floats(expected.buffer, expected.byteOffset, expected.length)) <= TOLERANCE);
    }
    assert.ok(outputs.length > 0);
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

test("any calls with any arguments, over a memory of anything: codes, never an exception", async () => {
  const host = await api.wasiNN({ models: { double: readFileSync(path.join(models, "double.onnx")), ports: readFileSync(path.join(models, "ports.onnx")) }, limits: { contexts: 8, graphs: 8 } });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const { wasi_ephemeral_nn: nn } = host.guest({ memory }).imports;
  const arity = { load: 5, load_by_name: 3, init_execution_context: 2, set_input: 3, compute: 1, get_output: 5, load_by_name_with_config: 5, compute_single: 1, get_output_single: 5, fini_single: 1, finalize_execution_context: 1, unload: 1 };
  assert.deepEqual(Object.keys(nn).sort(), Object.keys(arity).sort());
  let state = 7;
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const bytes = () => new Uint8Array(memory.buffer);
  const words = () => new DataView(memory.buffer);
  // Things that are right, so that calls get far.
  const dims = [64, 1, 72, 3], name = 128, tensor = 160, data = 192;
  const repair = () => {
    for (let i = 0; i < dims.length; i += 2) words().setUint32(dims[i], dims[i + 1], true);
    words().setUint32(68, 3, true);
    bytes().set(Buffer.from("doubleports"), name);
    [64, 2, 1, data, 12].forEach((value, i) => words().setUint32(tensor + 4 * i, value, true));
    bytes().set(batch, 4096);
    [4096, batch.length].forEach((value, i) => words().setUint32(256 + 4 * i, value, true));
  };
  const interesting = [0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 20, name, tensor, data, 256, 0x7fffffff, -1, -4, -8, -0x80000000, 65532, 65535, 65536];
  const argument = () => (random(3) > 0 ? interesting[random(interesting.length)] : random(2) ? random(64) : random(2 ** 32) | 0);
  const handle = () => (random(4) > 0 ? words().getUint32(4 * random(2), true) : random(64));
  const likely = {
    load: () => [256, 1, 1, 0, 0], load_by_name: () => [name, 6, 0], init_execution_context: () => [handle(), 4], set_input: () => [handle(), 0, tensor],
    compute: () => [handle()], get_output: () => [handle(), 0, data, random(20), 8], finalize_execution_context: () => [handle()], unload: () => [random(8) ? 0 : handle()],
  };
  const seen = new Map();
  const names = Object.keys(arity);
  for (let i = 0; i < 20_000; ++i) {
    if (random(4) === 0) repair();
    if (random(40) === 0) bytes()[random(bytes().length)] = random(256);
    if (random(5000) === 0 && memory.buffer.byteLength < 3 * 65536) memory.grow(1);
    const call = names[random(names.length)];
    const parameters = likely[call] && random(2) ? likely[call]() : Array.from({ length: arity[call] }, argument);
    const code = nn[call](...parameters);
    assert.ok(Number.isInteger(code) && code >= 0 && code <= 8, `${call}(${parameters}) gave ${code}`);
    seen.set(code, (seen.get(code) ?? 0) + 1);
  }
  for (const code of [0, 1, 3, 5, 6, 7, 8]) assert.ok(seen.get(code) > 0, `no call gave ${code}: ${JSON.stringify([...seen])}`);
});
