// "weft/compiler": the compiler as a library, in Node and in a page of headless Chromium, gives what the native program writes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { launchChromium } from "../support/chromium.mjs";
import { installPackage } from "../support/package.mjs";
import { ROOT } from "../support/runtime.mjs";
import { serve } from "../support/serve.mjs";

const FILE = path.join(ROOT, "build/models/ppocr-cls/model.onnx");
const SHAPE = { x: [1, 3, 48, 192] };
const OPTIONS = { name: "ppocr-cls", shapes: SHAPE, variants: ["scalar", "simd128", "relaxed"] };

const installed = installPackage();
const model = readFileSync(FILE);
let api, expected;
before(async () => {
  api = await import(pathToFileURL(path.join(installed.package, "cli/compiler.mjs")));
  const renamed = path.join(installed.folder, "ppocr-cls.onnx");
  (await import("node:fs")).copyFileSync(FILE, renamed);
  const out = path.join(installed.folder, "native");
  const { status, stdout, stderr } = spawnSync(compiler(), ["compile", renamed, "-o", out, "--shape", "x=1x3x48x192", "--variants", "scalar,simd128,relaxed", "--json"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  expected = { report: JSON.parse(stdout), files: Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(path.join(out, name))])) };
});
after(() => installed.remove());

const fails = async (promise, kind, pattern) =>
  assert.rejects(promise, (error) => error instanceof api.CompileError && error.kind === kind && pattern.test(error.message));

test("in Node: the files, hashes and report of the native program", async () => {
  const { createCompiler } = api;
  const { files, manifest, report } = await (await createCompiler()).compile(model, OPTIONS);
  assert.deepEqual([...files.keys()].sort(), Object.keys(expected.files).sort());
  for (const [name, blob] of files) assert.ok(Buffer.from(await blob.arrayBuffer()).equals(expected.files[name]), name);
  assert.deepEqual(manifest, JSON.parse(expected.files["model.json"]));
  assert.deepEqual(report, { files: expected.report.files, variants: expected.report.variants });
});

test("in Node: inspect; errors with their kind and node", async () => {
  const weft = await api.createCompiler(readFileSync(path.join(installed.package, "cli/weft.wasm")));
  const seen = await weft.inspect(model, { shapes: SHAPE });
  assert.equal(seen.compiles, true);
  assert.ok(seen.operators.Conv > 10);
  await fails(weft.compile(model), "invalid-argument", /--dim|--shape/);
  await fails(weft.compile(new Uint8Array([1, 2, 3])), "invalid-model", /./);
  await fails(weft.compile(model, { ...OPTIONS, variants: ["fast"] }), "invalid-argument", /no variant is called fast/);
});

test("in a page: compiled there, it runs there", async () => {
  const files = Object.fromEntries(readdirSync(path.join(installed.package, "cli")).map((name) => ["cli/" + name, readFileSync(path.join(installed.package, "cli", name))]));
  files["weft.js"] = readFileSync(path.join(installed.package, "weft.js"));
  files["model.onnx"] = { body: model, type: "application/octet-stream" };
  files["index.html"] = "<!doctype html><title>compile</title>";
  const server = await serve(files, { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(server.url + "index.html");
    const inPage = await page.evaluate(async (options) => {
      const { createCompiler } = await import("/cli/compiler.mjs");
      const { load } = await import("/weft.js");
      const weft = await createCompiler();
      const model = await (await fetch("/model.onnx")).arrayBuffer();
      const { files, manifest } = await weft.compile(model, options);
      const parts = Object.fromEntries([...files].map(([name, blob]) => [name, new Response(blob)]));
      const loaded = await load({ manifest, files: parts }, { variant: "simd128" });
      const outputs = await loaded.run({ x: new Float32Array(3 * 48 * 192).map((_, i) => Math.sin(i)) });
      const refused = await weft.compile(new ArrayBuffer(8)).catch((error) => error.kind);
      return { outputs: Object.values(outputs).map((y) => Array.from(y)), hashes: manifest.files.map(({ sha256 }) => sha256), refused };
    }, OPTIONS);
    const { load } = await import(pathToFileURL(path.join(installed.folder, "native/model.js")));
    const native = await load({ variant: "simd128" });
    const outputs = await native.run({ x: new Float32Array(3 * 48 * 192).map((_, i) => Math.sin(i)) });
    assert.deepEqual(inPage.outputs, Object.values(outputs).map((y) => Array.from(y)));
    assert.deepEqual(inPage.hashes, expected.report.files.map(({ sha256 }) => sha256));
    assert.equal(inPage.refused, "invalid-model");
  } finally {
    await browser.close();
    server.close();
  }
});
