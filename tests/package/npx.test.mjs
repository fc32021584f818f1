// `npx weft` beside the native program: the same help, text, bytes and exit codes, from the packed package in an empty folder.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { installPackage } from "../support/package.mjs";
import { ROOT } from "../support/runtime.mjs";

const native = compiler();
const installed = installPackage();
after(() => installed.remove());
const { folder } = installed;

const spawn = (program, args) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  return { status, stdout, stderr };
};
/** Runs both; what they print must be equal. */
function both(...args) {
  const expected = spawn(native, args), got = spawn(installed.weft, args);
  assert.deepEqual(got, expected, args.join(" "));
  return got;
}

test("npx finds it, and the package has no dependencies", () => {
  const { status, stdout, stderr } = spawnSync("npx", ["--no-install", "weft", "--version"], { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^weft \d+\.\d+\.\d+\n$/);
  assert.deepEqual(readdirSync(path.join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["weft"]);
});

test("what needs Wasmtime says so", () => {
  const wasi = spawn(installed.weft, ["wasi", "app.wasm", "--dir", "."]);
  assert.equal(wasi.status, 4);
  assert.match(wasi.stderr, /^weft: app\.wasm: weft wasi needs Wasmtime, which the WebAssembly build of weft does not have: use the native program/);
});

test("help, versions and wrong usage", () => {
  assert.equal(both("--help").status, 0);
  assert.equal(both("--version").status, 0);
  const commands = [...both("--help").stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);
  assert.ok(commands.length >= 3, commands.join());
  for (const command of commands) assert.equal(both(command, "--help").status, 0);
  for (const args of [[], ["compil"], ["compile"], ["compile", "a", "b"], ["compile", "a", "--varients", "x"], ["compile", "a", "-o"], ["inspect", "a", "--json=x"], ["-x"]])
    assert.equal(both(...args).status, 2, args.join(" "));
});

for (const [model, ...flags] of [
  ["ppocr-cls", "--shape", "x=1x3x48x192", "--variants", "scalar,simd128,relaxed"],
  ["squeezenet", "--weights", "q8", "--debug-names"],
  ["hello-deepa", "--profile-info"],
  ["resnet50", "--optimize", "memory"],
  ["ppocr-cls", "--shape", "x=1x3x48x192", "--emit", "object"],
  ["squeezenet", "--emit", "object", "--external-weights"],
])
  test(`compile ${model} ${flags.join(" ")}: the same bytes`, () => {
    const file = path.join(ROOT, "build/models", model, "model.onnx");
    const made = (program) => {
      const { status, stdout, stderr } = spawn(program, ["compile", file, "-o", "out", ...flags]);
      assert.equal(status, 0, stderr);
      const out = path.join(folder, "out");
      return { stdout, files: Object.fromEntries(readdirSync(out).sort().map((name) => [name, readFileSync(path.join(out, name))])), mode: statSync(out).mode };
    };
    const expected = made(native), got = made(installed.weft);
    assert.equal(got.stdout, expected.stdout);
    assert.equal(got.mode, expected.mode);
    assert.deepEqual(Object.keys(got.files), Object.keys(expected.files));
    for (const [name, bytes] of Object.entries(expected.files)) assert.ok(bytes.equals(got.files[name]), name);
    assert.deepEqual(readdirSync(folder).filter((name) => name.includes(".tmp")), []);
  });

test("inspect and dumps", () => {
  const file = path.join(ROOT, "build/models/ppocr-cls/model.onnx");
  for (const args of [["inspect", file], ["inspect", file, "--json", "--shape", "x=1x3x48x192"], ["compile", file, "--shape", "x=1x3x48x192", "--dump", "program"]])
    assert.equal(both(...args).status, 0);
});

// What tests/node asks of the native program, asked of this one. Node tells test files that they run within another.
for (const [name, least] of [["cli", 20], ["run", 25], ["verify", 7], ["bench_command", 4]])
  test(`tests/node/${name}.test.mjs`, () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", path.join(ROOT, `tests/node/${name}.test.mjs`)], {
      encoding: "utf8", cwd: ROOT, env: { ...environment, WEFT: installed.weft }, maxBuffer: 1 << 28,
    });
    const failures = stdout.split("\n").filter((line) => /^\s*not ok/.test(line));
    assert.equal(status, 0, failures.join("\n"));
    assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) >= least, stdout.slice(-300));
  });
