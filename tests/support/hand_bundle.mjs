// A bundle made by hand (docs/bundle.md), so that the runtime is tested without the compiler.
//   y = x + 2 w            f32 [2, 3]; w = [10, 20, 30] is in model.weights, and prepare() doubles it
//   picked = 2 w[index]    f32 [1]; an index out of range is an error of node "Pick"
//   inverted = 1 - mask    boolean [3]
// `spin` is the number of blocks that a kernel of about 10 us is called for, one per call.
import wabt from "wabt";

const CONTEXT = 64, RUN = 1024, PREPARE = 2048, PARAMS = 3072;
const W = 4096, SCALED = 8192, X = 16384, INDEX = 16448, MASK = 16480, Y = 20480, PICKED = 20544, INVERTED = 20560;
const SPIN = 16496;
const PAGES = 2;

/** An instruction that engines without the feature refuse. */
const needs = {
  scalar: "",
  simd128: "(drop (i8x16.popcnt (i32x4.splat (i32.const 1))))",
  relaxed: "(drop (i8x16.relaxed_swizzle (i32x4.splat (i32.const 1)) (i32x4.splat (i32.const 2))))",
};

const words = (...list) => list.map((word) => [0, 8, 16, 24].map((shift) => "\\" + ((word >>> shift) & 255).toString(16).padStart(2, "0")).join("")).join("");
const END = [0, 0, 0, 0, 0, 0, 0, 0];

/** w in two parts; the first four bytes of the file are not used. Offset, address, bytes. */
const PARTS = [[4, W, 4], [8, W + 4, 8]];
const loads = PARTS.map(([offset, address, bytes]) => words(4, address, bytes, offset, 0, 0, 0, 0)).join("");

// kernel(params, begin, end)
const wat = (variant, streamed) => `(module
  (import "env" "memory" (memory ${PAGES}))
  (type $kernel (func (param i32 i32 i32)))
  (table 5 funcref)
  (elem (i32.const 0) $double $add $pick $invert $spin)
  (data (i32.const ${PREPARE}) "${words(2, SCALED, 12, 0, 0, 0, 0, 0)}${streamed ? loads : ""}${words(1, 0, PARAMS, 3, 0, 0, 0, 0)}${words(...END)}")
  (data (i32.const ${RUN}) "${words(1, 4, PARAMS, 0, 1, 0, 3, 0)}${words(1, 1, PARAMS, 6, 4, 0, 0, 0)}${words(1, 2, PARAMS, 1, 1, 0, 1, 4)}${words(1, 3, PARAMS, 3, 1, 0, 2, 0)}${words(...END)}")
  (func $double (type $kernel) (local $i i32) (local.set $i (local.get 1))
    ${needs[variant]}
    (loop $next
      (f32.store offset=${SCALED} (i32.shl (local.get $i) (i32.const 2))
        (f32.mul (f32.const 2) (f32.load offset=${W} (i32.shl (local.get $i) (i32.const 2)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 2)))))
  (func $add (type $kernel) (local $i i32) (local.set $i (local.get 1))
    (loop $next
      (f32.store offset=${Y} (i32.shl (local.get $i) (i32.const 2)) (f32.add
        (f32.load offset=${X} (i32.shl (local.get $i) (i32.const 2)))
        (f32.load offset=${SCALED} (i32.shl (i32.rem_u (local.get $i) (i32.const 3)) (i32.const 2)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 2)))))
  (func $pick (type $kernel) (local $index i64) (local.set $index (i64.load (i32.const ${INDEX})))
    (if (i64.eq (local.get $index) (i64.const 99)) (then unreachable))
    (if (i64.ge_u (local.get $index) (i64.const 3)) (then
      (i32.store (i32.const ${CONTEXT + 8}) (i32.const 1))
      (i64.store (i32.const ${CONTEXT + 16}) (local.get $index))
      (i32.store (i32.const ${CONTEXT + 28}) (i32.const 2))
      (return)))
    (f32.store (i32.const ${PICKED}) (f32.load offset=${SCALED} (i32.shl (i32.wrap_i64 (local.get $index)) (i32.const 2)))))
  (func $invert (type $kernel)
    (i32.store8 offset=${INVERTED} (local.get 1) (i32.sub (i32.const 1) (i32.load8_u offset=${MASK} (local.get 1)))))
  (func $spin (type $kernel) (local $n i32)
    (local.set $n (i32.const 10000))
    (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "step") (param $context i32) (param $budget i32) (result i32)
    (local $record i32) (local $block i32) (local $blocks i32) (local $take i32)
    (i32.store (i32.const ${RUN + 12}) (i32.load (i32.const ${SPIN})))
    (loop $next
      (local.set $record (i32.load (local.get $context)))
      (if (i32.eqz (i32.load (local.get $record))) (then (return (i32.const 0))))
      (if (i32.eq (i32.load (local.get $record)) (i32.const 2)) (then
        (memory.fill (i32.load offset=4 (local.get $record)) (i32.load offset=12 (local.get $record)) (i32.load offset=8 (local.get $record)))))
      (if (i32.eq (i32.load (local.get $record)) (i32.const 1)) (then
        (local.set $blocks (i32.load offset=12 (local.get $record)))
        (block $done (loop $again
          (local.set $block (i32.load offset=4 (local.get $context)))
          (br_if $done (i32.ge_u (local.get $block) (local.get $blocks)))
          (local.set $take (i32.load offset=16 (local.get $record)))
          (if (i32.or (i32.eqz (local.get $take)) (i32.gt_u (local.get $take) (i32.sub (local.get $blocks) (local.get $block))))
            (then (local.set $take (i32.sub (local.get $blocks) (local.get $block)))))
          (i32.store offset=4 (local.get $context) (i32.add (local.get $block) (local.get $take)))
          (call_indirect (type $kernel) (i32.load offset=8 (local.get $record)) (local.get $block)
            (i32.add (local.get $block) (local.get $take)) (i32.load offset=4 (local.get $record)))
          (if (i32.load offset=8 (local.get $context)) (then
            (i32.store offset=12 (local.get $context) (i32.load offset=24 (local.get $record)))
            (return (i32.const 4))))
          (if (i32.eqz (local.tee $budget (i32.sub (local.get $budget) (i32.const 1)))) (then (return (i32.const 1))))
          (br $again)))
        (i32.store offset=4 (local.get $context) (i32.const 0))))
      (i32.store (local.get $context) (i32.add (local.get $record) (i32.const 32)))
      (if (i32.eq (i32.load (local.get $record)) (i32.const 4)) (then (return (i32.const 5))))
      (br $next))
    unreachable))`;

const FILES = { scalar: "model.scalar.wasm", simd128: "model.wasm", relaxed: "model.relaxed.wasm" };

/** The manifest, without files. Streamed: prepare asks for the weights. */
export function makeManifest(variants = ["scalar", "simd128", "relaxed"], streamed = false) {
  return {
    abi: { major: 1, minor: streamed ? 1 : 0 },
    required_features: streamed ? ["load"] : [],
    name: "hand",
    generator: "by hand",
    inputs: [
      { name: "x", dtype: "f32", shape: [2, 3] },
      { name: "index", dtype: "i64", shape: [1] },
      { name: "spin", dtype: "i32", shape: [] },
      { name: "mask", dtype: "boolean", shape: [3] },
    ],
    outputs: [
      { name: "y", dtype: "f32", shape: [2, 3] },
      { name: "picked", dtype: "f32", shape: [1] },
      { name: "inverted", dtype: "boolean", shape: [3] },
    ],
    nodes: ["Add", "Pick", "Invert", "Spin", "index"],
    weights: { bytes: 16, tensors: 2 },
    variants: variants.map((name) => ({
      name,
      file: FILES[name],
      memory: { pages: PAGES, static: W, weights: 12, arena: 12288, peak_live: 12288 },
      context: CONTEXT,
      entries: [{ name: "prepare", records: PREPARE }, { name: "run", records: RUN }],
      inputs: [X, INDEX, SPIN, MASK],
      outputs: [Y, PICKED, INVERTED],
      weights: streamed ? [] : PARTS.map((part) => [...part]),
    })),
  };
}

function uleb(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

const text = new TextEncoder();
function customSection(name, payload) {
  const label = text.encode(name);
  const body = [...uleb(label.length), ...label, ...payload];
  return [0, ...uleb(body.length), ...body];
}

export function makeWeights() {
  const header = text.encode(JSON.stringify({ pad: { dtype: "F32", shape: [1], data_offsets: [0, 4] }, w: { dtype: "F32", shape: [3], data_offsets: [4, 16] } }));
  const file = new Uint8Array(8 + header.length + 16);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  file.set(new Uint8Array(new Float32Array([-1, 10, 20, 30]).buffer), 8 + header.length);
  return file;
}

/** All files of the bundle: name -> bytes. */
export async function makeBundle(variants = ["scalar", "simd128", "relaxed"], streamed = false) {
  const toolkit = await wabt();
  const manifest = makeManifest(variants, streamed);
  const section = text.encode(JSON.stringify(manifest));
  const files = {};
  for (const name of variants) {
    const module = toolkit.parseWat("hand.wat", wat(name, streamed), { simd: true, relaxed_simd: true, bulk_memory: true });
    const code = module.toBinary({}).buffer;
    module.destroy();
    files[FILES[name]] = Uint8Array.from([...code, ...customSection("weft", section), ...customSection("weft.variant", text.encode(name))]);
  }
  files["model.weights"] = makeWeights();
  const list = Object.entries(files).map(([name, { length }]) => ({ name, bytes: length }));
  files["model.json"] = text.encode(JSON.stringify({ ...manifest, files: list }, null, 1));
  return files;
}

export const INPUTS = () => ({
  x: Float32Array.of(1, 2, 3, 4, 5, 6),
  index: BigInt64Array.of(2n),
  spin: Int32Array.of(0),
  mask: Uint8Array.of(1, 0, 1),
});
export const OUTPUTS = {
  y: Float32Array.of(21, 42, 63, 24, 45, 66),
  picked: Float32Array.of(60),
  inverted: Uint8Array.of(0, 1, 0),
};
