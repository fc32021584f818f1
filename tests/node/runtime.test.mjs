// The runtime on a bundle made by hand: every way to load, variants, errors, aborts, queueing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { brotliCompressSync } from "node:zlib";

import { INPUTS, OUTPUTS, makeBundle, makeManifest, makeWeights } from "../support/hand_bundle.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

buildRuntime();
const { load, supportedVariants, WeftError, LoadError, InputError, RuntimeError } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);

const [major] = process.versions.node.split(".").map(Number);
const best = supportedVariants()[0];
const FILE = { scalar: "model.scalar.wasm", simd128: "model.wasm", relaxed: "model.relaxed.wasm" };
const bestFile = FILE[best];
const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

let files, folder, server;
before(async () => {
  files = await makeBundle();
  folder = mkdtempSync(path.join(tmpdir(), "weft runtime ")); // with a space: addresses are escaped
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(folder, name), bytes);
  const served = Object.fromEntries(Object.entries(files).map(([name, bytes]) => ["good/" + name, bytes]));
  server = await serve(served);
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const base = () => new URL("good/", server.url);
const bytesOf = (name) => files[name].slice().buffer;
const parts = (changes = {}) => ({ manifest: makeManifest(), files: { ...files, ...changes } });
/** A served copy of the bundle with other files in it. */
async function withServer(changes, body) {
  const other = await serve({ ...files, ...changes });
  try {
    return await body(new URL(other.url), other);
  } finally {
    other.close();
  }
}
async function works(model) {
  assert.deepEqual(await model.run(INPUTS()), OUTPUTS);
  return model;
}
const fails = (promise, Type, code, pattern) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.constructor, Type, error.stack);
    assert.ok(error instanceof WeftError && error instanceof Error);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });

// --- the build ---

test("the sources pass tsc --strict, and so does a program that uses the declarations", () => {
  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  execFileSync(tsc, ["-p", path.join(ROOT, "runtimes/web"), "--noEmit"]);
  const program = path.join(folder, "use.ts");
  writeFileSync(path.join(folder, "weft.d.ts"), readFileSync(path.join(RUNTIME, "weft.d.ts")));
  writeFileSync(program, `
    import { load, InputError, type Model, type TensorLike } from "./weft.js";
    const model: Model = await load(new URL("./model/", "http://x/"), { variant: "simd128", onProgress: ({ phase }) => console.log(phase) });
    const typed = model as Model<{ x: TensorLike<Float32Array> }, { y: Float32Array }>;
    const { y } = await typed.run({ x: { data: new Float32Array(6), shape: [2, 3] } }, { signal: AbortSignal.timeout(1) });
    y.fill(0);
    // @ts-expect-error
    await typed.run({ x: new Float64Array(6) });
    if ((0 as unknown) instanceof InputError) model.dispose();
  `);
  const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--types", ""];
  execFileSync(tsc, [...flags, program], { stdio: ["ignore", "inherit", "inherit"] });
});

test("the runtime is one small module without imports, eval or top-level await", async () => {
  const text = readFileSync(path.join(RUNTIME, "weft.js"), "utf8");
  assert.ok(brotliCompressSync(text).length <= 10_240);
  assert.doesNotMatch(text, /\bimport\b|\brequire\b|\beval\b|new Function|["'`]node:/);
  const inline = readFileSync(path.join(RUNTIME, "weft.inline.js"), "utf8");
  const weft = new Function(`${inline}return weft;`)(); // a script has no top-level await
  assert.deepEqual(Object.keys(weft).sort(), ["InputError", "LoadError", "RuntimeError", "WeftError", "describe", "load", "nodeWorker", "serve", "supportedVariants"]);
  await works(await weft.load(parts()));
});

// --- loading ---

test("from addresses of the folder, the manifest and a module", async () => {
  const sources = [
    base(), base().href, base().href.slice(0, -1), new URL("model.json", base()), new URL(bestFile, base()), new URL(`${bestFile}?v=1#a`, base()).href,
  ];
  for (const source of sources) await works(await load(source));
});

test("from the file system: file: addresses and paths", async () => {
  const url = pathToFileURL(folder + path.sep);
  for (const source of [url, url.href, new URL("model.json", url), new URL(bestFile, url), folder, path.relative(process.cwd(), folder), path.join(folder, bestFile)])
    await works(await load(source));
});

test("from responses: of the manifest, of a module, made by hand", async () => {
  await works(await load(await fetch(new URL("model.json", base()))));
  await works(await load(fetch(new URL(bestFile, base()))));
  const weights = new URL("model.weights", base());
  await works(await load(new Response(files[bestFile]), { weights }));
  await works(await load(new Response(files[bestFile], { headers: { "content-type": "application/wasm" } }), { weights: new Response(files["model.weights"]) }));
  await fails(load(new Response(files[bestFile])), LoadError, "bad_source", /no address to find model\.weights/);
});

test("from bytes and compiled modules", async () => {
  const weights = files["model.weights"];
  const padded = new Uint8Array([7, ...files[bestFile], 7]);
  for (const source of [bytesOf(bestFile), files[bestFile], padded.subarray(1, -1), new DataView(bytesOf(bestFile)), await WebAssembly.compile(files[bestFile])])
    for (const given of [weights, weights.slice().buffer, new URL("model.weights", base())]) {
      const model = await works(await load(source, { weights: given }));
      assert.equal(model.info.variant, best);
      assert.equal(model.info.variantReason, "its module was given");
    }
});

test("from parts", async () => {
  await works(await load(parts()));
  await works(await load(parts(Object.fromEntries(Object.keys(files).map((name) => [name, new URL(name, base())])))));
  await works(await load({ manifest: makeManifest(), files: { [bestFile]: new WebAssembly.Module(files[bestFile]), "model.weights": await fetch(new URL("model.weights", base())) } }));
  await fails(load({ manifest: makeManifest(), files: {} }), LoadError, "bad_source", /files has no model/);
});

test("weights arrive in pieces of any size", async () => {
  for (const size of [1, 3, 7, 8, 9, 64]) {
    await works(await load(parts({ "model.weights": new Response(inPieces(files["model.weights"], size)) })));
  }
});

/** A stream of the bytes in pieces. */
const inPieces = (bytes, size) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });

test("prepare asks for the weights: from addresses, files, bytes and streams", async () => {
  const streamed = await makeBundle(undefined, true);
  const all = (changes = {}) => ({ manifest: JSON.parse(new TextDecoder().decode(streamed["model.json"])), files: { ...streamed, ...changes } });
  await works(await load(all()));
  for (const size of [1, 3, 7, 8, 9, 64]) await works(await load(all({ "model.weights": new Response(inPieces(streamed["model.weights"], size)) })));
  await withServer(streamed, async (url) => works(await load(url)));
  const other = mkdtempSync(path.join(tmpdir(), "weft streamed "));
  try {
    for (const [name, bytes] of Object.entries(streamed)) writeFileSync(path.join(other, name), bytes);
    await works(await load(pathToFileURL(other + path.sep), { signal: new AbortController().signal }));
  } finally {
    rmSync(other, { recursive: true });
  }
  const seen = [];
  await load(all(), { onProgress: ({ phase }) => seen.push(phase) });
  assert.deepEqual([...new Set(seen)], ["download", "prepare", "ready"]);
});

test("prepare asks for the weights, which are cut off, too long or never come", async () => {
  const streamed = await makeBundle(undefined, true);
  const all = (weights) => ({ manifest: makeManifest(undefined, true), files: { ...streamed, "model.weights": weights } });
  const weights = streamed["model.weights"];
  for (const length of [0, 7, 8, 20, weights.length - 9, weights.length - 1])
    await fails(load(all(weights.slice(0, length))), LoadError, "truncated", /of weights, the model has 16: it is truncated/);
  await fails(load(all(Uint8Array.of(...weights, 0))), LoadError, "mismatch", /17 bytes of weights, the model has 16/);
  await withServer({ ...streamed, "model.weights": { body: weights, stall: true } }, (url) =>
    assert.rejects(load(url, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" }));
  await fails(load({ manifest: { ...makeManifest(undefined, true), required_features: ["load", "teleport"] }, files: streamed }), LoadError, "feature", /needs "teleport"/);
});

test("wrong MIME types do not matter", () =>
  withServer({ [bestFile]: { body: files[bestFile], type: "text/plain" }, "model.json": { body: files["model.json"], type: "" } }, async (url) => {
    await works(await load(url));
    await works(await load(new URL(bestFile, url)));
  }));

test("options.fetch, only for what is needed, in parallel", async () => {
  const asked = [];
  await works(await load(new URL("http://nowhere.invalid/deep/"), {
    fetch: async (url, { signal }) => {
      assert.ok(signal instanceof AbortSignal);
      asked.push(new URL(url).pathname);
      return new Response(files[path.basename(new URL(url).pathname)]);
    },
  }));
  assert.deepEqual(asked, ["/deep/model.json", `/deep/${bestFile}`, "/deep/model.weights"]);
});

test("progress", async () => {
  const seen = [];
  await load(base(), { onProgress: (progress) => seen.push(progress) });
  const total = files[bestFile].length + files["model.weights"].length;
  assert.deepEqual(seen[0], { phase: "download", loadedBytes: 0, totalBytes: total });
  assert.deepEqual(seen.at(-1), { phase: "ready", loadedBytes: total, totalBytes: total });
  assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ["download", "prepare", "ready"]);
  seen.reduce((a, b) => (assert.ok(a.loadedBytes <= b.loadedBytes), b));
});

test("a memory that is given is cleared and used", async () => {
  const memory = new WebAssembly.Memory({ initial: 3 });
  new Uint8Array(memory.buffer).fill(0xff);
  await works(await load(parts(), { memory }));
  assert.equal(new Float32Array(memory.buffer, 20480, 1)[0], 21);
  await fails(load(parts(), { memory: new WebAssembly.Memory({ initial: 1 }) }), LoadError, "memory", /has 65536 bytes, the model needs 131072/);
});

// --- 64-bit integers as numbers ---

test("int64: numbers in, checked", async () => {
  const model = await load(parts(), { int64: "number" });
  for (const index of [[2], Float64Array.of(2), Int32Array.of(2), BigInt64Array.of(2n), { data: [2], shape: [1] }]) assert.deepEqual(await model.run({ ...INPUTS(), index }), await (await load(parts())).run({ ...INPUTS(), index: BigInt64Array.of(2n) }));
  for (const index of [[1.5], [2 ** 60], [NaN], ["2"]]) await fails(model.run({ ...INPUTS(), index }), InputError, "value", /input "index": .* is not a safe integer of the type i64/);
  await fails(model.run({ ...INPUTS(), index: [1, 2] }), InputError, "shape", /expected 1 elements/);
  await fails((await load(parts())).run({ ...INPUTS(), index: [2] }), InputError, "dtype", /expected BigInt64Array/);
});

// --- views ---

test("an input written in place and outputs as views: no copies, the same results", async () => {
  const model = await load(parts());
  const { buffer } = model.input("x");
  model.input("x").set([1, 2, 3, 4, 5, 6]);
  const inputs = { ...INPUTS(), x: model.input("x") };
  const seen = await model.run(inputs, { outputs: "view" });
  assert.deepEqual({ ...seen }, OUTPUTS);
  for (const y of Object.values(seen)) assert.equal(y.buffer, buffer);
  const copies = await model.run(inputs);
  assert.deepEqual(copies, OUTPUTS);
  for (const y of Object.values(copies)) assert.notEqual(y.buffer, buffer);
  await fails((async () => model.input("z"))(), InputError, "unknown_input", /unknown input "z"; the model's inputs: "x"/);
  model.dispose();
  assert.throws(() => model.input("x"), { code: "disposed" });
});

test("an output's view is an input of the next run", async () => {
  const model = await load(parts());
  const { y } = await model.run(INPUTS(), { outputs: "view" });
  const again = Float32Array.from(y);
  assert.deepEqual(await model.run({ ...INPUTS(), x: y }), await (await load(parts())).run({ ...INPUTS(), x: again }));
});

// --- what only damaged modules do ---

test("more memory than there is: an error that says how much", async () => {
  const manifest = makeManifest();
  manifest.variants = manifest.variants.map((variant) => ({ ...variant, memory: { ...variant.memory, pages: 65536 } }));
  const { Memory } = WebAssembly;
  WebAssembly.Memory = function () {
    throw new RangeError("could not allocate memory");
  };
  try {
    await fails(load({ manifest, files }), LoadError, "memory", /cannot have 4294967296 bytes of memory: could not allocate/);
  } finally {
    WebAssembly.Memory = Memory;
  }
});

test("a step that answers what it may not", async () => {
  const { default: wabt } = await import("wabt");
  const tools = await wabt();
  /** A module whose step does `body` when `run` has been started: entries are told apart by their records. */
  const moduleOf = (body) => {
    const { context, entries } = makeManifest().variants[0];
    const { records } = entries.find(({ name }) => name === "run");
    const parsed = tools.parseWat("m.wat", `(module (import "env" "memory" (memory 2)) (func (export "step") (param i32 i32) (result i32)
      (if (result i32) (i32.eq (i32.load (i32.const ${context})) (i32.const ${records})) (then ${body.replaceAll("CONTEXT", context)}) (else (i32.const 0)))))`);
    return new WebAssembly.Module(parsed.toBinary({}).buffer);
  };
  const manifest = makeManifest();
  for (const [body, code, pattern] of [["(i32.const 9)", "step", /does not have \(9\)/], ["(i32.store (i32.const CONTEXT) (i32.const 0)) (i32.store offset=8 (i32.const CONTEXT) (i32.const 7)) (i32.const 4)", "step", /does not have \(4\)/], ["(unreachable)", "trap", /trapped/]]) {
    const model = await load({ manifest, files: { [FILE[manifest.variants[0].name]]: moduleOf(body), "model.weights": files["model.weights"] } }, { variant: manifest.variants[0].name });
    await fails(model.run(INPUTS()), RuntimeError, code, pattern);
  }
});

// --- variants ---

test("the variant is what the engine supports", async () => {
  assert.deepEqual(supportedVariants(), major >= 22 ? ["relaxed", "simd128", "scalar"] : ["simd128", "scalar"]);
  const { info } = await load(base());
  assert.equal(info.variant, best);
  assert.equal(info.variantReason, best === "relaxed" ? "this engine has relaxed SIMD" : "this engine has no relaxed SIMD");
  assert.equal(info.memoryBytes, 131072);
  assert.deepEqual(info.abi, { major: 1, minor: 0 });
  assert.deepEqual(info.inputs, makeManifest().inputs);
  assert.deepEqual(info.outputs, makeManifest().outputs);
});

test("a variant that is asked for", async () => {
  for (const variant of supportedVariants()) {
    const { info } = await works(await load(base(), { variant }));
    assert.equal(info.variant, variant);
    assert.equal(info.variantReason, "asked for");
  }
  if (major < 22) await fails(load(base(), { variant: "relaxed" }), LoadError, "unsupported", /no relaxed SIMD/);
  const only = { manifest: makeManifest(["scalar"]), files: await makeBundle(["scalar"]) };
  assert.match((await works(await load(only))).info.variantReason, /the bundle has no relaxed; the bundle has no simd128/);
  await fails(load(only, { variant: "simd128" }), LoadError, "variant", /has no variant simd128; it has scalar/);
  await fails(load(files[FILE.scalar], { variant: "simd128", weights: files["model.weights"] }), LoadError, "variant", /is the variant scalar, not simd128/);
});

// --- what a bundle can be wrong in ---

test("a missing file, and HTML in place of a file", async () => {
  await fails(load(new URL("nowhere/", server.url)), LoadError, "http", /cannot load http.*nowhere\/model\.json: status 404/);
  const page = { body: "<!doctype html><p>app</p>", type: "text/html" };
  for (const [name, expected] of [[bestFile, "WebAssembly"], ["model.json", "model.json"], ["model.weights", "model.weights"]])
    await withServer({ [name]: page }, (url) =>
      fails(load(url), LoadError, "html", new RegExp(`^expected ${expected}, got HTML from ${url.href}${name} \\(status 200\\)$`)));
  // A server that lies about the type.
  await withServer({ [bestFile]: { ...page, type: "text/plain" } }, (url) => fails(load(url), LoadError, "html", /expected WebAssembly, got HTML from .*\(status 200\)/));
  await withServer({ [bestFile]: { ...page, type: "application/wasm" } }, (url) => fails(load(url), LoadError, "html", /expected WebAssembly, got HTML from http.*status 200/));
  await fails(load(pathToFileURL(path.join(folder, "none") + path.sep)), LoadError, "not_found", /cannot read file:.*none\/model\.json/);
  await fails(load("http://127.0.0.1:1/"), LoadError, "network", /cannot load http:\/\/127\.0\.0\.1:1\/model\.json/);
});

test("files that are cut off, empty or of something else", async () => {
  for (const length of [0, 3, 9, files[bestFile].length >> 1, files[bestFile].length - 1])
    await assert.rejects(load(parts({ [bestFile]: files[bestFile].slice(0, length) })), LoadError, `module of ${length} bytes`);
  for (const length of [0, 7, 8, 20, files["model.weights"].length - 1])
    await fails(load(parts({ "model.weights": files["model.weights"].slice(0, length) })), LoadError, "truncated", /of weights, the model has 16: it is truncated/);
  for (let length = 0; length < files["model.json"].length - 1; length += 97)
    await assert.rejects(load(files["model.json"].slice(0, length)), LoadError);
  await fails(load(parts({ [bestFile]: Uint8Array.of(1, 2, 3, 4, 5) })), LoadError, "wrong_file", /expected WebAssembly, got bytes 01 02 03 04/);
  await fails(load(parts({ "model.weights": new Uint8Array(64).fill(0xee) })), LoadError, "wrong_file", /expected model\.weights .*got bytes ee/);
  await fails(load(parts({ "model.weights": Uint8Array.of(...makeWeights(), 0) })), LoadError, "mismatch", /17 bytes of weights, the model has 16/);
  const foreign = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  await fails(load(foreign), LoadError, "wrong_file", /not made by weft/);
  await fails(load(parts({ [bestFile]: foreign })), LoadError, "link", /does not export "step"/);
});

test("files of different compilations", async () => {
  const { [bestFile]: other } = await makeBundle([best]);
  await fails(load(parts({ [bestFile]: other })), LoadError, "mismatch", /come from different compilations/);
});

test("manifests that are damaged or of another time", async () => {
  const damaged = (change) => {
    const manifest = makeManifest();
    change(manifest);
    return load({ manifest, files });
  };
  await fails(damaged((m) => (m.abi.major = 2)), LoadError, "abi", /bundle ABI 2, this runtime reads 1/);
  await fails(damaged((m) => (m.required_features = ["webgpu"])), LoadError, "feature", /needs "webgpu"/);
  await works(await damaged((m) => Object.assign(m, { abi: { major: 1, minor: 7 }, something: "new" })).catch((error) => assert.fail(error)));
  const broken = [
    (m) => delete m.name, (m) => (m.inputs = {}), (m) => (m.inputs[0].dtype = "f31"), (m) => (m.inputs[0].dtype = "constructor"),
    (m) => (m.inputs[0].shape = [-1]), (m) => (m.outputs[0].shape = [1e9, 1e9]), (m) => (m.variants = []), (m) => (m.variants[0].memory.pages = 65537),
    (m) => (m.variants[0].context = 2 ** 31), (m) => (m.variants[0].inputs[0] = 131072), (m) => m.variants[0].outputs.pop(),
    (m) => (m.variants[0].weights[0][1] = 131070), (m) => (m.variants[0].weights[0][2] = 1e6), (m) => m.variants[0].weights.reverse(),
    (m) => (m.variants[0].entries = []), (m) => (m.weights = null), (m) => (m.variants[0].weights = [1]),
  ];
  for (const change of broken) await fails(damaged(change), LoadError, "bad_manifest", /the manifest of \{ manifest \} is damaged: [a-z]/);
});

test("sources that are nothing to load", async () => {
  for (const source of [null, undefined, 3, {}, [], () => {}, { manifest: {} }]) await fails(load(source), LoadError, "bad_source", /cannot load from this/);
});

test("a load that is aborted", async () => {
  const aborted = { name: "AbortError" };
  await assert.rejects(load(base(), { signal: AbortSignal.abort() }), aborted);
  await withServer({ "model.weights": { body: files["model.weights"], stall: true } }, async (url) => {
    const controller = new AbortController();
    const loading = load(url, { signal: controller.signal, onProgress: ({ loadedBytes }) => loadedBytes > 0 && setTimeout(() => controller.abort(), 20) });
    await assert.rejects(loading, (error) => error instanceof DOMException && error.name === "AbortError");
    await assert.rejects(load(url, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
    await assert.rejects(load(url, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  });
  // One file that fails stops the others.
  await withServer({ "model.weights": { body: files["model.weights"], stall: true }, [bestFile]: { body: "gone", status: 410 } }, (url) =>
    fails(load(url), LoadError, "http", /status 410/));
});

test("a load that is aborted at each of its steps, after which the next one works", async () => {
  for (const streamed of [false, true]) {
    const bundle = await makeBundle(undefined, streamed);
    await withServer(bundle, async (url) => {
      let steps = 0;
      await works(await load(url, { onProgress: () => ++steps }));
      assert.ok(steps >= 4);
      for (let step = 1; step < steps; ++step) {
        const controller = new AbortController();
        let seen = 0;
        const loading = load(url, { signal: controller.signal, onProgress: () => ++seen === step && controller.abort(new Error(`at step ${step}`)) });
        await assert.rejects(loading, new RegExp(`^Error: at step ${step}$`));
      }
      await works(await load(url));
    });
  }
});

// --- running ---

test("inputs: arrays of the right type, flat or with a shape, from anywhere in their buffer", async () => {
  const model = await load(parts());
  const odd = new Uint8Array(new ArrayBuffer(40), 1, 3);
  odd.set([1, 0, 255]);
  const late = new Float32Array(new ArrayBuffer(64), 4, 6);
  late.set(INPUTS().x);
  const { y, inverted } = await model.run({ ...INPUTS(), x: { data: late, shape: [2, 3] }, mask: odd });
  assert.deepEqual(y, OUTPUTS.y);
  assert.deepEqual(inverted, OUTPUTS.inverted);
  await model.run({ ...INPUTS(), x: { data: late } });
  await model.run({ ...INPUTS(), mask: Uint8ClampedArray.of(1, 1, 1) });
});

test("outputs are copies", async () => {
  const model = await load(parts());
  const first = await model.run(INPUTS());
  first.y.fill(7);
  const second = await model.run({ ...INPUTS(), x: new Float32Array(6) });
  assert.deepEqual(first.y, new Float32Array(6).fill(7));
  assert.deepEqual(second.y, Float32Array.of(20, 40, 60, 20, 40, 60));
  assert.equal(first.y.byteOffset, 0);
  assert.equal(first.y.buffer.byteLength, 24);
});

test("wrong inputs are refused, by name", async () => {
  const model = await load(parts());
  const good = INPUTS();
  const bad = (inputs, code, pattern) => fails(model.run(inputs), InputError, code, pattern);
  const known = /the model's inputs: "x" \(f32 \[2, 3\]\), "index" \(i64 \[1\]\), "spin" \(i32 \[\]\), "mask" \(boolean \[3\]\)/;
  const { x: _, ...without } = good;
  await bad(without, "missing_input", /missing input "x"/);
  await bad(without, "missing_input", known);
  await bad({ ...good, X: good.x }, "unknown_input", /unknown input "X"/);
  await bad({ ...good, X: good.x }, "unknown_input", known);
  await bad({ ...good, x: undefined }, "missing_input", known);
  await bad(null, "inputs", /expected an object of inputs, got null/);
  await bad({ ...good, x: new Float64Array(6) }, "dtype", /input "x": expected Float32Array \(f32 \[2, 3\]\), got Float64Array/);
  await bad({ ...good, x: [1, 2, 3, 4, 5, 6] }, "dtype", /got Array/);
  await bad({ ...good, x: new DataView(new ArrayBuffer(24)) }, "dtype", /got DataView/);
  await bad({ ...good, x: 5 }, "dtype", /got number/);
  await bad({ ...good, x: null }, "dtype", /got null/);
  await bad({ ...good, index: Int32Array.of(1) }, "dtype", /expected BigInt64Array \(i64 \[1\]\), got Int32Array/);
  await bad({ ...good, x: new Float32Array(5) }, "shape", /expected 6 elements of Float32Array \(f32 \[2, 3\]\), got 5/);
  await bad({ ...good, x: { data: good.x, shape: [3, 2] } }, "shape", /expected shape \[2, 3\], got \[3, 2\]/);
  await bad({ ...good, x: { data: good.x, shape: [6] } }, "shape", /got \[6\]/);
  await bad({ ...good, x: { shape: [2, 3] } }, "dtype", /got Object/);
  await works(model);
});

test("an index out of range names the node and the value; the instance stays usable", async () => {
  const model = await load(parts());
  for (const value of [3n, -1n, 2n ** 40n, -(2n ** 63n)]) {
    await fails(model.run({ ...INPUTS(), index: BigInt64Array.of(value) }), RuntimeError, "out_of_range", new RegExp(`node Pick: expected index = 0\\.\\.2, got ${value}`));
    await assert.rejects(model.run({ ...INPUTS(), index: BigInt64Array.of(value) }, { signal: new AbortController().signal }), { node: "Pick", value });
    await works(model);
  }
  await fails(model.run({ ...INPUTS(), index: BigInt64Array.of(99n) }), RuntimeError, "trap", /the model's code trapped: unreachable/);
  await works(model);
});

test("a run that is aborted", async () => {
  const model = await load(parts());
  const long = { ...INPUTS(), spin: Int32Array.of(2 ** 31 - 1) }; // hours
  await assert.rejects(model.run(INPUTS(), { signal: AbortSignal.abort() }), { name: "AbortError" });
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => ++turns === 3 && controller.abort(), 1);
  await assert.rejects(model.run(long, { signal: controller.signal }), (error) => error instanceof DOMException && error.name === "AbortError");
  clearInterval(timer);
  await works(model);
  const reason = new Error("enough");
  const other = new AbortController();
  setTimeout(() => other.abort(reason), 20);
  await assert.rejects(model.run(long, { signal: other.signal }), (error) => error === reason);
  await works(model);
  // A signal that never fires changes nothing.
  assert.deepEqual(await model.run({ ...INPUTS(), spin: Int32Array.of(5000) }, { signal: new AbortController().signal }), OUTPUTS);
});

test("runs of one instance wait for each other, with the inputs of their call", async () => {
  const model = await load(parts());
  const { signal } = new AbortController();
  const inputs = { ...INPUTS(), spin: Int32Array.of(3000) };
  const order = [];
  const runs = [1, 2, 3, 4].map((n) => {
    inputs.x.fill(n);
    return model.run(inputs, n % 2 ? { signal } : {}).then(({ y }) => (order.push(n), y[0]));
  });
  inputs.x.fill(99);
  assert.deepEqual(await Promise.all(runs), [21, 22, 23, 24]);
  assert.deepEqual(order, [1, 2, 3, 4]);
});

test("a failed or aborted run does not hold up those behind it", async () => {
  const model = await load(parts());
  const stop = new AbortController(), waiting = new AbortController();
  const long = model.run({ ...INPUTS(), spin: Int32Array.of(2 ** 31 - 1) }, { signal: stop.signal });
  const given = model.run(INPUTS(), { signal: waiting.signal });
  const failing = model.run({ ...INPUTS(), index: BigInt64Array.of(5n) });
  const last = model.run(INPUTS());
  waiting.abort();
  await assert.rejects(given, { name: "AbortError" }); // before its turn came
  stop.abort();
  await Promise.all([assert.rejects(long, { name: "AbortError" }), assert.rejects(failing, RuntimeError)]);
  assert.deepEqual(await last, OUTPUTS);
});

test("instances are independent", async () => {
  const source = { manifest: makeManifest(), files: { ...files, [bestFile]: new WebAssembly.Module(files[bestFile]) } };
  const [a, b] = await Promise.all([load(source), load(source)]);
  const stop = new AbortController();
  const long = a.run({ ...INPUTS(), spin: Int32Array.of(2 ** 31 - 1) }, { signal: stop.signal });
  await works(b);
  a.dispose();
  await works(b);
  await fails(long, WeftError, "disposed", /has been disposed of/);
  await works(b);
});

test("dispose", async () => {
  const model = await load(parts());
  const { signal } = new AbortController();
  const under = model.run({ ...INPUTS(), spin: Int32Array.of(2 ** 31 - 1) }, { signal });
  const queued = model.run(INPUTS());
  await tick();
  model.dispose();
  model.dispose();
  await Promise.all([under, queued, model.run(INPUTS())].map((run) => fails(run, WeftError, "disposed", /has been disposed of/)));
});

test("a process ends by itself after a run", () => {
  const script = `import { load } from ${JSON.stringify(pathToFileURL(path.join(RUNTIME, "weft.js")).href)};
    const model = await load(${JSON.stringify(folder)});
    const { y } = await model.run({ x: new Float32Array(6), index: BigInt64Array.of(0n), spin: Int32Array.of(5000), mask: new Uint8Array(3) }, { signal: new AbortController().signal });
    console.log(String(y));`;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 20_000 }), "20,40,60,20,40,60\n");
});
