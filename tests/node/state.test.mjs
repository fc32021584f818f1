// --state: what stays in the module between runs. Silero VAD's and a decoder's, beside ONNX Runtime with the state handed on; growth to its end;
// what is refused.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compiler } from "../../bench/compile.mjs";
import { best, expectedTokens } from "../support/decoder.mjs";
import { VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { modelOf } from "../support/symbolic_models.mjs";

const FOLDER = path.join(ROOT, `build/state-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
buildRuntime();
mkdirSync(FOLDER, { recursive: true });
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const { supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const variants = VARIANTS.filter((each) => supportedVariants().includes(each));
const compile = (model, name, ...options) => spawnSync(compiler(), ["compile", model, "-o", path.join(FOLDER, name), "--variants", VARIANTS.join(","), ...options], { encoding: "utf8" });
const open = async (name, options) => (await import(pathToFileURL(path.join(FOLDER, name, "model.js")).href)).load(options);

test("Silero VAD: the state of a recurrent network, and reset()", async () => {
  const vad = modelOf("silero-vad");
  const made = compile(vad, "vad", "--shape", "input=1x576", "--shape", "state=2x1x128", "--constant", "sr=16000", "--state", "stateN=state");
  assert.equal(made.status, 0, made.stderr);
  const session = await ort.InferenceSession.create(vad, { logSeverityLevel: 3 });
  const sr = new ort.Tensor("int64", [16000n], []);
  for (const variant of variants) {
    const model = await open("vad", { variant });
    for (let round = 0; round < 2; ++round) {
      let state = new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]);
      for (let k = 0; k < 10; ++k) {
        const input = Float32Array.from({ length: 576 }, (_, i) => Math.sin((k * 512 + i) * 0.09 * (round + 1)) * (k % 3) * 0.3);
        const expected = await session.run({ input: new ort.Tensor("float32", input, [1, 576]), state, sr });
        const got = await model.run({ input });
        assert.deepEqual(Object.keys(got), ["output"]);
        assert.ok(Math.abs(got.output[0] - expected.output.data[0]) < 1e-4, `${variant}, frame ${k}: ${got.output[0]}, not ${expected.output.data[0]}`);
        state = expected.stateN;
      }
      model.reset();
    }
    model.dispose();
  }
});

const CACHE = ["--dim", "batch=1", "--dim", "seq=1..64", "--dim", "past=0..192", "--state", "present.*=past_key_values.*"];

test("a decoder's cache grows in the module: 100 tokens are ONNX Runtime's, in every variant, in a worker, and after reset()", async () => {
  const decoder = modelOf("decoder");
  const made = compile(decoder, "decoder", ...CACHE);
  assert.equal(made.status, 0, made.stderr);
  const session = await ort.InferenceSession.create(decoder, { logSeverityLevel: 3 });
  const prompts = [[11n, 407n, 3n, 250n, 88n], [7n]];
  const expected = [];
  for (const prompt of prompts) expected.push(await expectedTokens(session, prompt, 100));
  assert.notDeepEqual(expected[0], expected[1]);
  for (const options of [...variants.map((variant) => ({ variant })), { worker: true }]) {
    const model = await open("decoder", options);
    for (const [k, prompt] of prompts.entries()) {
      const tokens = [];
      for (let ids = prompt; tokens.length < 100; tokens.push(ids[0])) {
        const { logits } = await model.run({ input_ids: { data: BigInt64Array.from(ids), shape: [1, ids.length] } });
        assert.deepEqual(logits.shape, [1, ids.length, 512]);
        ids = [best(logits)];
      }
      assert.deepEqual(tokens, expected[k], JSON.stringify(options));
      model.reset();
    }
    model.dispose();
  }
});

test("a cache that is full fails until reset(); a run that was refused leaves the state alone", async () => {
  assert.equal(compile(modelOf("decoder"), "decoder", ...CACHE).status, 0);
  const model = await open("decoder", { variant: "simd128" });
  const run = (length) => model.run({ input_ids: { data: BigInt64Array.from({ length }, (_, i) => BigInt(i)), shape: [1, length] } });
  const first = await run(5);
  await assert.rejects(run(65), { code: "shape" });
  await assert.rejects(model.run({}), { code: "missing_input" });
  const second = await run(5);
  assert.notDeepEqual([...second.logits], [...first.logits]);
  for (let past = 10; past < 193; past += 61) await run(61); // 193 at the end
  await assert.rejects(run(1), { name: "RuntimeError", value: 193n });
  await assert.rejects(run(1), { value: 193n });
  model.reset();
  assert.deepEqual([...(await run(5)).logits], [...first.logits]);
  model.dispose();
});

test("what is no state is refused, and the types tell", () => {
  const refused = (message, ...options) => {
    const { status, stderr } = compile(modelOf("decoder"), "refused", ...options);
    assert.match(stderr, message);
    assert.equal(status, 5);
  };
  const dims = CACHE.slice(0, 6);
  refused(/no output is called none; there are logits, present\.0\.key/, ...dims, "--state", "none=past_key_values.0.key");
  refused(/no input is called none; there are input_ids/, ...dims, "--state", "present.0.key=none");
  refused(/f32\[1, [^\]]*512\] cannot become/, ...dims, "--state", "logits=past_key_values.0.key");
  refused(/have one end in common/, ...dims, "--state", "present.0.key=past_key_values.0.key", "--state", "present.1.key=past_key_values.0.key");
  // The others are still given by the caller, with the same past.
  refused(/past_key_values\.0\.key and the input past_key_values\.0\.value share an extent/, ...dims, "--state", "present.0.key=past_key_values.0.key");
  refused(/share an extent \(dim\.batch\)/, "--dim", "batch=1..2", ...dims.slice(2), "--state", "present.*=past_key_values.*");
  assert.equal(compile(modelOf("decoder"), "decoder", ...CACHE).status, 0);
  const types = readFileSync(path.join(FOLDER, "decoder/model.d.ts"), "utf8");
  assert.match(types, /Model<Inputs, Outputs> & \{ reset\(\): void \}/);
  assert.doesNotMatch(types, /state\.reset|past_key_values|present/);
});
