// libweft as a user has it: installed, found by find_package, and the programs of examples/native built on it, beside the web runtime.
// Needs Wasmtime (tools/setup wasmtime). The build: $WEFT_BUILD (build/release).
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { folderOf, inputsOf } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const BUILD = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release");
const folder = mkdtempSync(path.join(tmpdir(), "weft-native."));
const prefix = path.join(folder, "prefix");
const bundle = path.join(folder, "bundle");
const picture = path.join(folder, "picture.ppm");
const SIDE = 224;
const program = (name) => path.join(folder, "example", name);
const run = (file, args, env = {}) => spawnSync(file, args, { encoding: "utf8", env: { ...process.env, ...env } });

/** Hills of colour, with an edge through them. */
function pixels() {
  const rgb = new Uint8Array(3 * SIDE * SIDE);
  for (let y = 0, i = 0; y < SIDE; ++y)
    for (let x = 0; x < SIDE; ++x)
      for (let c = 0; c < 3; ++c) rgb[i++] = (x > y ? 40 : 0) + 100 + 90 * Math.sin((x * (c + 1) + 2 * y) / 37);
  return rgb;
}

before(() => {
  buildRuntime();
  const shape = "data_0=1x3x224x224";
  execFileSync(path.join(BUILD, "weft"), ["compile", path.join(folderOf("squeezenet"), "model.onnx"), "-o", bundle, "--shape", shape,
    "--variants", "simd128", "--preprocess", "image:rgb,mean=0.485/0.456/0.406,std=0.229/0.224/0.225"]);
  writeFileSync(picture, Buffer.concat([Buffer.from(`P6\n${SIDE} ${SIDE}\n255\n`), pixels()]));
  execFileSync("cmake", ["--install", BUILD, "--component", "runtime", "--prefix", prefix]);
  const example = path.join(folder, "example");
  execFileSync("cmake", ["-S", path.join(ROOT, "examples/native"), "-B", example, `-DCMAKE_PREFIX_PATH=${prefix}`,
    "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror"]);
  execFileSync("cmake", ["--build", example]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("classify prints what the web runtime computes", async () => {
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  const model = await load(pathToFileURL(bundle + path.sep));
  const rgba = new Uint8Array(4 * SIDE * SIDE).fill(255);
  pixels().forEach((value, i) => (rgba[4 * Math.floor(i / 3) + (i % 3)] = value));
  const [scores] = Object.values(await model.run({ [model.info.inputs[0].name]: rgba }));
  model.dispose();
  const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, 5);
  const expected = (name) => best.map((i) => `${scores[i].toFixed(6)}  ${name(i)}\n`).join("");
  const { status, stdout, stderr } = run(program("classify"), [bundle, picture]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.equal(stdout, expected((i) => `class ${i}`));
  const labels = path.join(folder, "labels.txt");
  writeFileSync(labels, Array.from({ length: 1000 }, (_, i) => `thing ${i}\n`).join(""));
  assert.equal(run(program("classify"), [bundle, picture, labels]).stdout, expected((i) => `thing ${i}`));
});

test("describe shows the ports", () => {
  assert.equal(run(program("describe"), [bundle]).stdout,
    "model, simd128\ninput image [1, 224, 224, 4], 1 bytes an element\noutput softmaxout_1 [1, 1000, 1, 1], 4 bytes an element\n");
});

test("what is wrong is said in a sentence", () => {
  const nowhere = run(program("classify"), [path.join(folder, "nowhere"), picture]);
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stderr, /^classify: not_found: cannot read .*nowhere\/model\.json: No such file or directory\n$/);
  const engine = run(program("describe"), [bundle], { WEFT_WASMTIME: "/nowhere/libwasmtime.so" });
  assert.equal(engine.status, 1);
  assert.match(engine.stderr, /^describe: no_engine: cannot open Wasmtime .*tools\/setup wasmtime/);
  const other = run(program("describe"), [bundle], { WEFT_WASMTIME: "libm.so.6" });
  assert.match(other.stderr, /is not Wasmtime .*: it has no /);
});

test("the engine is installed beside the library", () => {
  const lib = execFileSync("find", [prefix, "-name", "libwasmtime.so"], { encoding: "utf8" }).trim();
  assert.ok(existsSync(path.join(path.dirname(lib), "libweft.so")));
  // Without the cache it is that one.
  const { status, stderr } = run(program("describe"), [bundle], { HOME: "/nowhere", XDG_CACHE_HOME: "" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(readFileSync(path.join(prefix, "include/weft.h"), "utf8"), /weft_model_open/);
});

test("weft verify on Wasmtime: every variant passes, and what is wrong is found", () => {
  const model = path.join(folderOf("hello-deepa"), "model.onnx");
  const weft = (command, ...args) => run(path.join(BUILD, "weft"), [command, model, ...args], { WEFT_NODE: process.execPath });
  const verify = (...args) => weft("verify", "--engine", "wasmtime", "--json", ...args);
  const { status, stdout, stderr } = verify("--input", `${inputsOf("hello-deepa")[0].name}=random:5`);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).variants.map(({ name, passed }) => [name, passed]), [["scalar", true], ["simd128", true], ["relaxed", true]]);
  const damaged = path.join(folder, "damaged");
  assert.equal(weft("compile", "-o", damaged, "--variants", "simd128").status, 0);
  const weights = path.join(damaged, "model.weights");
  const bytes = readFileSync(weights);
  for (let i = bytes.length - 401; i < bytes.length; i += 4) bytes[i] ^= 0x40; // exponents
  writeFileSync(weights, bytes);
  const wrong = verify("--bundle", damaged);
  assert.equal(wrong.status, 3, wrong.stderr);
  assert.match(wrong.stderr, /model\.weights is not as it was compiled from byte 0 on \(SHA-256 [0-9a-f]{64}\)/);
  // Without the hashes, as in bundles of older compilers, the results tell.
  const manifest = path.join(damaged, "model.json");
  const said = JSON.parse(readFileSync(manifest, "utf8"));
  delete said.weights.sha256;
  writeFileSync(manifest, JSON.stringify(said));
  const differs = verify("--bundle", damaged);
  assert.equal(differs.status, 1, differs.stderr);
  assert.equal(JSON.parse(differs.stdout).variants[0].passed, false);
  const unknown = verify("--engine", "wasm3");
  assert.equal(unknown.status, 5);
  assert.match(unknown.stderr, /no engine is called wasm3; there are node, wasmtime and node:PATH/);
});
