// What the GEMM that weft emits is held against, as wasm by hand: the peak probe and the loops of the starting design.
import wabtInit from "wabt";

const wabt = await wabtInit();

function assemble(text) {
  const module = wabt.parseWat("kernel.wat", text, { relaxed_simd: true, simd: true });
  try {
    module.validate();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

const range = (n) => Array.from({ length: n }, (_, i) => i);
const madd = (relaxed, a, b, c) => (relaxed ? `(f32x4.relaxed_madd ${a} ${b} ${c})` : `(f32x4.add (f32x4.mul ${a} ${b}) ${c})`);

/** Multiply-adds of vectors in one round of a probe. */
export const PROBE_STEPS = { relaxed: 12, simd128: 6 };

/**
 * peak(rounds): as many multiply-adds as the core can do, in 12 chains; the same loops as in bench/peak.c. Relaxed: the accumulator is the
 * addend, as in a GEMM; engines copy any other addend first. simd128: 6 chains of mul beside 6 of add, because with both in one chain the
 * latency limits, and how much depends on the order of the instructions, which each compiler chooses.
 */
export function probe(relaxed) {
  const lanes = range(12).map((i) => `$c${i}`);
  const step = (c, i) => (relaxed ? `(f32x4.relaxed_madd (local.get $a) (local.get $b) (local.get ${c}))` : i % 2 ? `(f32x4.add (local.get ${c}) (local.get $b))` : `(f32x4.mul (local.get ${c}) (local.get $a))`);
  return assemble(`(module (func (export "run") (param $n i32) (param $a v128) (param $b v128) (result v128)
    ${lanes.map((c) => `(local ${c} v128)`).join("")}
    ${lanes.map((c) => `(local.set ${c} (local.get $a))`).join("")}
    (loop $l ${lanes.map((c, i) => `(local.set ${c} ${step(c, i)})`).join("")}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    ${lanes.map((c) => `(local.get ${c})`).join(" ")} ${"f32x4.add ".repeat(lanes.length - 1)})
    (func (export "peak") (param $n i32) (result f32)
      (f32x4.extract_lane 0 (call 0 (local.get $n) (v128.const f32x4 1 1 1 1) (v128.const f32x4 1e-6 1e-6 1e-6 1e-6)))))`);
}

/**
 * gemm(A, B, C, M, N, K) with a rows x (4 * vectors) tile: B in panels of that width, pointer increments, k unrolled, A and C
 * row-major. M, N and K are multiples of the tile and the unrolling.
 */
export function handLoop({ rows, vectors, unroll, relaxed }) {
  const acc = range(rows).flatMap((i) => range(vectors).map((j) => `$c${i}_${j}`));
  const tile = range(unroll).flatMap((u) => [
    ...range(vectors).map((j) => `(local.set $b${j} (v128.load offset=${(u * vectors + j) * 16} (local.get $bp)))`),
    ...range(rows).flatMap((i) => [
      `(local.set $a (v128.load32_splat offset=${4 * u} (local.get $a${i})))`,
      ...range(vectors).map((j) => `(local.set $c${i}_${j} ${madd(relaxed, "(local.get $a)", `(local.get $b${j})`, `(local.get $c${i}_${j})`)})`),
    ]),
  ]);
  return assemble(`(module (import "env" "memory" (memory 1)) (func (export "gemm") (param $A i32) (param $B i32) (param $C i32) (param $M i32) (param $N i32) (param $K i32)
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
      (br_if $ln (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const ${4 * vectors}))) (local.get $N))))))`);
}
