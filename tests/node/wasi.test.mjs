// weft wasi: programs of WASI preview 1, written here as text, with wasi-nn, on Wasmtime (tools/setup wasmtime). The compiler: $WEFT_BUILD (build/release)/weft.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import wabt from "wabt";

import { folderOf } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const WEFT = path.resolve(ROOT, process.env.WEFT_BUILD ?? "build/release", "weft");
const folder = mkdtempSync(path.join(tmpdir(), "weft-wasi."));
const file = (name) => path.join(folder, name);

/** What every program imports and has: a memory, and `print` of bytes to the standard output. */
const program = (body, more = "", pages = 1) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ${more}
  (memory (export "memory") ${pages})
  (data (i32.const 1024) "ready\\0adata.txt")
  (func $print (param $at i32) (param $bytes i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $bytes))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") ${body}))`;

const programs = {
  "exit": program("(call $print (i32.const 1024) (i32.const 6)) (call $proc_exit (i32.const 7))"),
  "return": program("(call $print (i32.const 1024) (i32.const 6))"),
  // Arguments and variables as they lie in memory, each with a zero behind it.
  "arguments": program(`(drop (call $args_sizes_get (i32.const 16) (i32.const 20))) (drop (call $args_get (i32.const 2048) (i32.const 4096)))
    (call $print (i32.const 4096) (i32.load (i32.const 20)))
    (drop (call $environ_sizes_get (i32.const 16) (i32.const 20))) (drop (call $environ_get (i32.const 2048) (i32.const 4096)))
    (call $print (i32.const 4096) (i32.load (i32.const 20)))`),
  // data.txt of the first folder that was given; its exit code is the errno of path_open.
  "read": program(`(local $errno i32)
    (local.set $errno (call $path_open (i32.const 3) (i32.const 0) (i32.const 1030) (i32.const 8) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (if (local.get $errno) (then (call $proc_exit (local.get $errno))))
    (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const 100))
    (drop (call $fd_read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 20)))
    (call $print (i32.const 2048) (i32.load (i32.const 20)))`),
  "spin": program("(call $print (i32.const 1024) (i32.const 6)) (loop (br 0))"),
  "wait": program(`(call $print (i32.const 1024) (i32.const 6)) (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const 1))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 20)))`),
  "grow": program("(call $proc_exit (i32.eq (memory.grow (i32.const 100)) (i32.const -1)))"),
  "trap": program("unreachable"),
  "import": program("(call $other)", '(import "env" "other" (func $other))'),
  // The model "model" on an input of as many ones as the data says; prints the output, or ends with ten times the step and the errno.
  "infer": program(`(local $i i32)
    (call $check (i32.const 10) (call $load_by_name (i32.const 1100) (i32.const 5) (i32.const 100)))
    (call $check (i32.const 20) (call $init (i32.load (i32.const 100)) (i32.const 104)))
    (loop (f32.store (i32.add (i32.const 65536) (local.get $i)) (f32.const 1))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.load (i32.const 1136)))))
    (call $check (i32.const 30) (call $set_input (i32.load (i32.const 104)) (i32.const 0) (i32.const 1120)))
    (call $check (i32.const 40) (call $compute (i32.load (i32.const 104))))
    (call $check (i32.const 50) (call $get_output (i32.load (i32.const 104)) (i32.const 0) (i32.const 65536) (i32.const 4000) (i32.const 108)))
    (call $print (i32.const 65536) (i32.load (i32.const 108)))`,
  `(import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $init (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set_input (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get_output (param i32 i32 i32 i32 i32) (result i32)))
  (data (i32.const 1100) "model")
  (data (i32.const 1120) "\\a0\\04\\00\\00\\04\\00\\00\\00\\01\\aa\\aa\\aa\\00\\00\\01\\00\\00\\30\\09\\00")
  (data (i32.const 1184) "\\01\\00\\00\\00\\03\\00\\00\\00\\e0\\00\\00\\00\\e0\\00\\00\\00")
  (func $check (param $step i32) (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (i32.add (local.get $step) (local.get $errno))))))`, 11),
  "library": '(module (func (export "hello")))',
};

before(async () => {
  const { parseWat } = await wabt();
  for (const [name, text] of Object.entries(programs)) writeFileSync(file(`${name}.wasm`), parseWat(name, text).toBinary({}).buffer);
  mkdirSync(file("shown"));
  writeFileSync(file("shown/data.txt"), "what the file says\n");
  writeFileSync(file("data.txt"), "not for the program");
});
after(() => rmSync(folder, { recursive: true, force: true }));

const weft = (name, ...more) => {
  const { status, stdout, stderr } = spawnSync(WEFT, ["wasi", file(`${name}.wasm`), ...more], { encoding: "utf8", env: { ...process.env, SECRET: "1" } });
  return { status, stdout, stderr };
};

test("what a program prints and its exit code are passed on", () => {
  assert.deepEqual(weft("exit"), { status: 7, stdout: "ready\n", stderr: "" });
  assert.deepEqual(weft("return"), { status: 0, stdout: "ready\n", stderr: "" });
});

test("it gets its arguments, and no variables but those given", () => {
  assert.equal(weft("arguments", "one", "two words", "--env", "A=b=c", "--", "-x", "--dir").stdout, "arguments.wasm\0one\0two words\0-x\0--dir\0A=b=c\0");
  assert.equal(weft("arguments").stdout, "arguments.wasm\0");
});

test("it reads the folders that it is given, and nothing else", () => {
  assert.deepEqual(weft("read", "--dir", `${file("shown")}::.`), { status: 0, stdout: "what the file says\n", stderr: "" });
  assert.deepEqual(weft("read", "--dir", file("shown")), { status: 0, stdout: "what the file says\n", stderr: "" });
  assert.equal(weft("read").status, 8); // errno badf: there is no folder
  const missing = weft("read", "--dir", file("nowhere"));
  assert.equal(missing.status, 6);
  assert.match(missing.stderr, /cannot open the folder .*nowhere\n$/);
});

test("fuel and memory have limits", () => {
  const spun = weft("spin", "--fuel", "100000");
  assert.equal(spun.status, 8);
  assert.match(spun.stderr, /^weft: .*spin\.wasm has used up its fuel of 100000\n$/);
  assert.equal(weft("exit", "--fuel", "100000").status, 7);
  assert.equal(weft("grow").status, 0);
  assert.equal(weft("grow", "--max-memory", `${101 * 65536}`).status, 0);
  assert.equal(weft("grow", "--max-memory", `${100 * 65536}`).status, 1);
});

test("what traps says so", () => {
  const trapped = weft("trap");
  assert.equal(trapped.status, 8);
  assert.match(trapped.stderr, /^weft: .*trap\.wasm trapped: wasm trap: wasm `unreachable` instruction executed\n$/);
});

test("a program infers by name: a model that is compiled here, and a bundle", async () => {
  const model = path.join(folderOf("squeezenet"), "model.onnx");
  execFileSync(WEFT, ["compile", model, "-o", file("bundle"), "--variants", "simd128"]);
  buildRuntime();
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  const web = await load(pathToFileURL(file("bundle") + path.sep));
  const [expected] = Object.values(await web.run({ [web.info.inputs[0].name]: new Float32Array(3 * 224 * 224).fill(1) }));
  web.dispose();
  const infer = (...graphs) => spawnSync(WEFT, ["wasi", file("infer.wasm"), ...graphs.flatMap((graph) => ["--nn-graph", graph])]);
  const scores = ({ status, stdout, stderr }) => {
    assert.deepEqual([status, String(stderr)], [0, ""]);
    return new Float32Array(new Uint8Array(stdout).buffer);
  };
  assert.deepEqual(scores(infer(`model=${file("bundle")}`)), expected); // the same bits
  const compiled = scores(infer(`model=${model}`));
  const largest = Math.max(...expected);
  assert.ok(expected.every((score, i) => Math.abs(score - compiled[i]) <= 1e-4 * largest));
  const unnamed = infer();
  assert.deepEqual([unnamed.status, unnamed.stdout.length], [18, 0]); // not_found
  assert.match(String(unnamed.stderr), /^weft: wasi-nn: load_by_name: .*model/);
  const twice = infer(`model=${file("bundle")}`, `model=${model}`);
  assert.equal(twice.status, 5);
  const missing = infer("model=nowhere.onnx");
  assert.equal(missing.status, 6);
  assert.match(String(missing.stderr), /cannot open nowhere\.onnx/);
});

/** Sends the signal when the program has said "ready". */
const signalled = (name, signal) =>
  new Promise((resolve) => {
    const child = spawn(WEFT, ["wasi", file(`${name}.wasm`)], { stdio: ["pipe", "pipe", "pipe"] });
    const start = Date.now();
    child.stdout.once("data", () => child.kill(signal));
    child.on("exit", (code, by) => resolve({ code, by, ms: Date.now() - start }));
  });

test("Ctrl-C ends what computes at once, and what waits soon", async () => {
  const spun = await signalled("spin", "SIGINT");
  assert.deepEqual([spun.code, spun.by], [null, "SIGINT"]);
  assert.ok(spun.ms < 2000, `${spun.ms} ms`);
  const waited = await signalled("wait", "SIGTERM");
  assert.deepEqual([waited.code, waited.by], [null, "SIGTERM"]);
});

test("what is no program is refused in a sentence", () => {
  writeFileSync(file("text.wasm"), "no wasm");
  writeFileSync(file("component.wasm"), Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
  const refused = (name, status, message, ...more) => {
    const result = weft(name, ...more);
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, message);
    assert.equal(result.stderr.trim().split("\n").length, status === 2 ? 2 : 1);
  };
  refused("text", 3, /text\.wasm is no WebAssembly module: /);
  refused("component", 4, /component\.wasm has no wasi:cli\/run: it is no program\n$/);
  refused("library", 4, /library\.wasm has no _start/);
  refused("import", 4, /cannot start .*import\.wasm: unknown import: `env::other` has not been defined/);
  refused("nowhere", 6, /cannot read .*nowhere\.wasm: No such file/);
  refused("exit", 5, /--fuel wants a number above 0, not "much"/, "--fuel", "much");
  refused("exit", 5, /"graph" is not of the form NAME=MODEL/, "--nn-graph", "graph");
  refused("exit", 2, /there is no option --dirs; did you mean --dir\?/, "--dirs", ".");
  assert.match(readFileSync(file("shown/data.txt"), "utf8"), /^what/);
});

test("--module-cache: native code of the program and the model is kept, and nobody else may write there", () => {
  const modules = file("modules");
  const once = (...args) => spawnSync(WEFT, ["wasi", file("return.wasm"), "--module-cache", modules, ...args], { encoding: "utf8" });
  for (let i = 0; i < 2; ++i) {
    const { status, stdout, stderr } = once();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "ready\n");
    assert.equal(readdirSync(modules).length, 1);
  }
  assert.equal(once("--fuel", "100000").status, 0);
  assert.equal(readdirSync(modules).length, 2);
  chmodSync(modules, 0o777);
  const { status, stderr } = once();
  assert.equal(status, 5);
  assert.match(stderr, /others may write to .*modules/);
});
