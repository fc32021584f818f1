// bench/run.mjs on the smallest model: what it writes, what it refuses, and that it times nothing that is wrong.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { compiler } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";

const scratch = mkdtempSync(path.join(tmpdir(), "weft-bench-"));
after(() => rmSync(scratch, { recursive: true }));
const output = path.join(scratch, "rows.json");

function bench(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(ROOT, "bench/run.mjs"), ...args, "--output", output], {
    encoding: "utf8", env: { ...process.env, ...env }, timeout: 120_000,
  });
  return { status, stdout, stderr };
}

test("rows have what latest.json promises", () => {
  const { status, stdout, stderr } = bench(["--models", "ppocr-cls", "--variants", "simd128", "--samples", "2", "--cold", "1"]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /geometric mean of the ratios \(simd128, onnxruntime-web; 1 model\): \d+\.\d\d/);
  const { machine, commit, rows, failures } = JSON.parse(readFileSync(output, "utf8"));
  assert.equal(typeof machine.cpu, "string");
  assert.deepEqual(failures, []);
  assert.match(commit ?? "", /^[0-9a-f]{40}(-modified)?$|^$/);
  assert.deepEqual(rows.map(({ peer }) => peer), ["onnxruntime-web", "onnxruntime-node"]);
  for (const row of rows) {
    assert.deepEqual(Object.keys(row).sort(), [
      "best_ratio", "code_brotli", "code_bytes", "cold_start_ms", "device", "engine", "max_abs_diff", "memory_bytes", "model", "peer", "peer_cold_start_ms",
      "peer_memory_bytes", "peer_ms", "ratio", "samples", "threads", "variant", "weft_ms",
    ]);
    const { model, engine, device, variant, threads, samples } = row;
    assert.deepEqual({ model, engine, device, variant, threads }, { model: "ppocr-cls", engine: "node", device: "wasm", variant: "simd128", threads: 1 });
    assert.equal(samples.length, 2);
    for (const value of [...samples.flat(), row.weft_ms, row.peer_ms, row.ratio, row.cold_start_ms, row.peer_cold_start_ms, row.memory_bytes, row.peer_memory_bytes])
      assert.ok(value > 0 && Number.isFinite(value));
    assert.ok(row.code_brotli < row.code_bytes);
  }
});

test("outputs that disagree are not timed, and fail", () => {
  // A compiler whose weights are damaged, in bundles that have no hashes.
  const wrapper = path.join(scratch, "weft");
  writeFileSync(wrapper, `#!/bin/sh
set -e
${JSON.stringify(compiler())} "$@"
tail -c +9 "$4/model.weights" | head -c 200000 | tail -c 100000 > "$4/part"
dd if="$4/part" of="$4/model.weights" bs=1 seek=300000 conv=notrunc 2>/dev/null
sed -i 's/"sha256": \\[/"was": [/' "$4/model.json"
`);
  chmodSync(wrapper, 0o755);
  rmSync(output, { force: true });
  const { status, stderr } = bench(["--models", "ppocr-cls", "--variants", "scalar", "--samples", "1", "--cold", "0", "--peer", "onnxruntime-web"], { WEFT: wrapper });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /ppocr-cls, scalar: weft and onnxruntime-web disagree: output \S+ differs by/);
  assert.throws(() => readFileSync(output));
});

test("what it cannot do is refused", () => {
  const refused = [
    [["--engine", "jsc"], /engine jsc is not supported yet; there are node, chromium, firefox/],
    [["--engine", "netscape"], /no engine is called netscape/],
    [["--threads", "2"], /weft runs on one thread as yet/],
    [["--device", "webgpu"], /device webgpu is not supported yet/],
    [["--engine", "chromium", "--peer", "onnxruntime-node"], /onnxruntime-node does not run in chromium/],
    [["--models", "nothing"], /no model is called nothing; there are ppocr-rec/],
    [["--models", "absent.onnx"], /there is no file absent\.onnx/],
    [["--samples", "0"], /--samples 0 is no number from 1/],
    [["--what"], /Unknown option '--what'/],
  ];
  for (const [args, pattern] of refused) {
    const { status, stderr } = bench(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, pattern);
  }
});

test("a file that cannot be compiled gives the compiler's message", () => {
  const file = path.join(scratch, "bad.onnx");
  writeFileSync(file, "this is no model");
  const { status, stderr } = bench(["--models", file]);
  assert.equal(status, 1);
  assert.match(stderr, /^bench: weft compile bad\.onnx failed \(exit code \d\):\nweft: /m);
});
