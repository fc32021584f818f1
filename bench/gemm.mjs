// make bench-gemm: the GEMM that comes out of the ordinary path (ONNX MatMul with constant B -> weft compile), beside hand-emitted loops
// and the peaks of this core, all in one run. GFLOP/s, best of the repetitions; the shares are of weft.
//   node bench/gemm.mjs [--size 512] [--json]     (Node 24: Node 20 has no relaxed SIMD)
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import wabtInit from "wabt";

import { compile } from "./compile.mjs";
import { ROOT, table } from "./sizes.mjs";

const { values } = parseArgs({ options: { size: { type: "string", default: "512" }, json: { type: "boolean" } } });
const size = Number(values.size);
const wabt = await wabtInit();

function assemble(text) {
  const module = wabt.parseWat("probe.wat", text, { relaxed_simd: true, simd: true });
  module.validate();
  return new WebAssembly.Module(module.toBinary({}).buffer);
}

const madd = (relaxed, a, b, c) => (relaxed ? `(f32x4.relaxed_madd ${a} ${b} ${c})` : `(f32x4.add (f32x4.mul ${a} ${b}) ${c})`);

/** 12 independent accumulators: as many multiply-adds as the core can do. */
function peakText(relaxed) {
  const lanes = Array.from({ length: 12 }, (_, i) => `$c${i}`);
  return `(module (func (export "run") (param $n i32) (param $a v128) (param $b v128) (result v128)
    ${lanes.map((c) => `(local ${c} v128)`).join("")}
    (loop $l ${lanes.map((c) => `(local.set ${c} ${madd(relaxed, "(local.get $a)", `(local.get ${c})`, "(local.get $b)")})`).join("")}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    ${lanes.map((c) => `(local.get ${c})`).join(" ")} ${"f32x4.add ".repeat(11)})
    (func (export "peak") (param $n i32) (result f32)
      (f32x4.extract_lane 0 (call 0 (local.get $n) (v128.const f32x4 0.999 0.999 0.999 0.999) (v128.const f32x4 1e-6 1e-6 1e-6 1e-6)))))`;
}

/** A rows x (4 * vectors) tile by hand: panels of B, pointer increments, k unrolled. A row-major at $A, C row-major. */
function loopText(rows, vectors, unroll, relaxed) {
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const acc = range(rows).flatMap((i) => range(vectors).map((j) => `$c${i}_${j}`));
  const tile = range(unroll).flatMap((u) => [
    ...range(vectors).map((j) => `(local.set $b${j} (v128.load offset=${(u * vectors + j) * 16} (local.get $bp)))`),
    ...range(rows).flatMap((i) => [
      `(local.set $a (v128.load32_splat offset=${4 * u} (local.get $a${i})))`,
      ...range(vectors).map((j) => `(local.set $c${i}_${j} ${madd(relaxed, "(local.get $a)", `(local.get $b${j})`, `(local.get $c${i}_${j})`)})`),
    ]),
  ]);
  return `(module (import "env" "memory" (memory 1)) (func (export "gemm") (param $A i32) (param $B i32) (param $C i32) (param $M i32) (param $N i32) (param $K i32)
    (local $m i32) (local $n i32) (local $k i32) (local $bp i32) (local $cp i32) (local $a v128)
    ${range(rows).map((i) => `(local $a${i} i32)`).join("")} ${range(vectors).map((j) => `(local $b${j} v128)`).join("")} ${acc.map((c) => `(local ${c} v128)`).join("")}
    (loop $ln (local.set $m (i32.const 0))
      (loop $lm
        ${acc.map((c) => `(local.set ${c} (v128.const f32x4 0 0 0 0))`).join("")}
        (local.set $bp (i32.add (local.get $B) (i32.shl (i32.mul (local.get $n) (local.get $K)) (i32.const 2))))
        ${range(rows).map((i) => `(local.set $a${i} (i32.add (local.get $A) (i32.shl (i32.mul (i32.add (local.get $m) (i32.const ${i})) (local.get $K)) (i32.const 2))))`).join("")}
        (local.set $k (local.get $K))
        (loop $lk ${tile.join("\n")}
          (local.set $bp (i32.add (local.get $bp) (i32.const ${unroll * vectors * 16})))
          ${range(rows).map((i) => `(local.set $a${i} (i32.add (local.get $a${i}) (i32.const ${4 * unroll})))`).join("")}
          (br_if $lk (local.tee $k (i32.sub (local.get $k) (i32.const ${unroll})))))
        ${range(rows).map((i) => `(local.set $cp (i32.add (local.get $C) (i32.shl (i32.add (i32.mul (i32.add (local.get $m) (i32.const ${i})) (local.get $N)) (local.get $n)) (i32.const 2))))
          ${range(vectors).map((j) => `(v128.store offset=${16 * j} (local.get $cp) (local.get $c${i}_${j}))`).join("")}`).join("")}
        (br_if $lm (i32.lt_u (local.tee $m (i32.add (local.get $m) (i32.const ${rows}))) (local.get $M))))
      (br_if $ln (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const ${4 * vectors}))) (local.get $N))))))`;
}

/** GFLOP/s of calls that do `flop` each, best of the repetitions. */
function measure(call, flop, repetitions = 30) {
  for (let i = 0; i < 8; ++i) call();
  let best = Infinity;
  for (let i = 0; i < repetitions; ++i) {
    const start = performance.now();
    call();
    best = Math.min(best, performance.now() - start);
  }
  return flop / best / 1e6;
}

function peak(relaxed) {
  const { peak: run } = new WebAssembly.Instance(assemble(peakText(relaxed))).exports;
  const rounds = 1_000_000;
  return measure(() => run(rounds), 2 * 4 * 12 * rounds);
}

/** The loop on the greatest multiple of its tile that is not above `size`. */
function byHand(rows, vectors, unroll, relaxed) {
  const memory = new WebAssembly.Memory({ initial: 512 });
  new Float32Array(memory.buffer).forEach((_, i, all) => (all[i] = ((i * 7919) % 1000) / 1000));
  const m = size - (size % rows), n = size - (size % (4 * vectors)), k = size - (size % unroll);
  const { gemm } = new WebAssembly.Instance(assemble(loopText(rows, vectors, unroll, relaxed)), { env: { memory } }).exports;
  const a = 1 << 16, b = a + 4 * m * k, c = b + 4 * n * k;
  return measure(() => gemm(a, b, c, m, n, k), 2 * m * n * k);
}

function model() {
  const folder = path.join(ROOT, "build/models", `gemm${size}`);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "model.onnx");
  if (!existsSync(file))
    execFileSync(path.join(ROOT, ".venv/bin/python"), ["-c", `
import numpy as np, onnx
from onnx import helper as h, TensorProto as T, numpy_helper
n = ${size}
b = np.random.default_rng(1).standard_normal((n, n)).astype(np.float32)
f = lambda name: h.make_tensor_value_info(name, T.FLOAT, [n, n])
g = h.make_graph([h.make_node("MatMul", ["a", "b"], ["c"], name="gemm")], "gemm", [f("a")], [f("c")], [numpy_helper.from_array(b, "b")])
onnx.save(h.make_model(g, opset_imports=[h.make_opsetid("", 17)]), ${JSON.stringify(file)})`]);
  return file;
}

/** The run entry of a bundle, straight through step(): as the runtime does, without copies. */
function byWeft(variant) {
  const folder = path.join(ROOT, "build/models", `gemm${size}`, "bundle");
  const manifest = compile(model(), folder, { variants: ["simd128", "relaxed"] });
  const v = manifest.variants.find(({ name }) => name === variant);
  const memory = new WebAssembly.Memory({ initial: v.memory.pages });
  const module = new WebAssembly.Module(readFileSync(path.join(folder, v.file)));
  const { step } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const file = readFileSync(path.join(folder, "model.weights"));
  const data = file.subarray(8 + Number(file.readBigUInt64LE(0)));
  for (const [offset, address, bytes] of v.weights) new Uint8Array(memory.buffer).set(data.subarray(offset, offset + bytes), address);
  const words = new Uint32Array(memory.buffer);
  const enter = (name) => {
    words[v.context / 4] = v.entries.find((entry) => entry.name === name).records;
    words[v.context / 4 + 1] = 0;
    if (step(v.context, 0) !== 0) throw new Error(`${name} did not end`);
  };
  enter("prepare");
  new Float32Array(memory.buffer, v.inputs[0], size * size).forEach((_, i, all) => (all[i] = ((i * 7919) % 1000) / 1000));
  return measure(() => enter("run"), 2 * size ** 3);
}

function peakInC() {
  const program = path.join(ROOT, "build/peak");
  execFileSync("cc", ["-O3", "-mfma", "-ffp-contract=off", "-o", program, path.join(ROOT, "bench/peak.c")]);
  return execFileSync(program, { encoding: "utf8" }).trim().split(" ").map(Number);
}

const [fmaC, mulAddC] = peakInC();
const fma = peak(true), mulAdd = peak(false);
const rows = [
  { kernel: "relaxed 6x8", weft: byWeft("relaxed"), hand: Math.max(byHand(6, 2, 1, true), byHand(6, 2, 4, true)), peak: fma, peakC: fmaC },
  { kernel: "simd128 3x12", weft: byWeft("simd128"), hand: Math.max(byHand(3, 3, 1, false), byHand(3, 3, 4, false)), peak: mulAdd, peakC: mulAddC },
].map((row) => ({ ...row, ofHand: row.weft / row.hand, ofPeak: row.weft / row.peak, probeOfC: row.peak / row.peakC }));
if (values.json) {
  console.log(JSON.stringify({ size, node: process.versions.node, v8: process.versions.v8, rows }, null, 2));
} else {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  console.log(`GEMM ${size}x${size}x${size}, float32, constant B; Node ${process.versions.node} (V8 ${process.versions.v8}); GFLOP/s`);
  console.log(table([
    ["kernel", "weft", "by hand", "peak", "peak in C", "weft / hand", "weft / peak", "probe / C"],
    ...rows.map((r) => [r.kernel, ...[r.weft, r.hand, r.peak, r.peakC].map((x) => x.toFixed(1)), ...[r.ofHand, r.ofPeak, r.probeOfC].map(percent)]),
  ]));
}
