// Silero VAD (npm @ricky0123/vad-web: v4, v5, v6), a recurrent model with branches in branches, beside ONNX Runtime: frame after frame with the
// state handed on, at both sample rates.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/vad-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
const FRAMES = 12;

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
mkdirSync(FOLDER, { recursive: true });
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** A tone that comes and goes, with noise (seeded). */
function* frames(length, rate) {
  let seed = 1;
  const noise = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff - 0.5;
  for (let k = 0; k < FRAMES; ++k)
    yield Float32Array.from({ length }, (_, i) => Math.sin(((k * length + i) * 2 * Math.PI * 220) / rate) * (k % 3) * 0.2 + noise() * 0.05);
}

const newer = { state: [2, 1, 128] }, older = { h: [2, 1, 64], c: [2, 1, 64] };
const next = { state: "stateN", h: "hn", c: "cn" };
const CASES = [
  ["silero_vad_v5", 16000, 576, newer], ["silero_vad_v5", 8000, 288, newer], ["silero_vad_v6", 16000, 576, newer], ["silero_vad_v6", 8000, 288, newer],
  ["silero_vad_legacy", 16000, 1536, older], ["silero_vad_legacy", 16000, 512, older], ["silero_vad_legacy", 8000, 768, older],
];

for (const [name, rate, length, states] of CASES) {
  test(`${name}, ${rate} Hz, frames of ${length}`, async () => {
    const model = path.join(ROOT, `node_modules/@ricky0123/vad-web/dist/${name}.onnx`), bundle = path.join(FOLDER, `${name}-${rate}-${length}`);
    const shapes = Object.entries({ input: [1, length], ...states }).flatMap(([input, shape]) => ["--shape", `${input}=${shape.join("x")}`]);
    execFileSync(compiler(), ["compile", model, "-o", bundle, ...shapes, "--constant", `sr=${rate}`, "--variants", VARIANTS.join(",")], { stdio: "pipe" });
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    const sr = new ort.Tensor("int64", [BigInt(rate)], []);
    const zero = () => Object.fromEntries(Object.entries(states).map(([state, shape]) => [state, new Float32Array(shape.reduce((a, b) => a * b))]));
    for (const variant of VARIANTS.filter((each) => supportedVariants().includes(each))) {
      const loaded = await load(pathToFileURL(bundle + path.sep), { variant });
      let own = zero(), theirs = zero();
      for (const input of frames(length, rate)) {
        const got = await loaded.run({ input, ...own });
        const tensors = Object.fromEntries(Object.entries(states).map(([state, shape]) => [state, new ort.Tensor("float32", theirs[state], shape)]));
        const expected = await session.run({ input: new ort.Tensor("float32", input, [1, length]), sr, ...tensors });
        assert.ok(Math.abs(got.output[0] - expected.output.data[0]) < 1e-4, `${variant}: ${got.output[0]}, not ${expected.output.data[0]}`);
        own = Object.fromEntries(Object.keys(states).map((state) => [state, Float32Array.from(got[next[state]])]));
        theirs = Object.fromEntries(Object.keys(states).map((state) => [state, expected[next[state]].data]));
      }
      loaded.dispose();
    }
  });
}
