// Real models with open extents (tests/models/symbolic.json) beside ONNX Runtime: each case in every variant, with one bundle for all; greedy
// decoding token by token.
import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { folderOf, relativeError, TOLERANCE, VARIANTS } from "../support/models.mjs";
import { buildRuntime, RUNTIME } from "../support/runtime.mjs";
import { casesOf, compileSymbolic, known, modelOf, ortFeeds } from "../support/symbolic_models.mjs";

buildRuntime();
const { load, supportedVariants } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
const variants = VARIANTS.filter((each) => supportedVariants().includes(each));
const bundleOf = (name, what) => path.join(folderOf(name), `${what}-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
const open = (bundle, variant) => load(pathToFileURL(bundle + path.sep), { variant });
const session = (name) => ort.InferenceSession.create(modelOf(name), { logSeverityLevel: 3 });

for (const name of Object.keys(known)) {
  test(name, async (t) => {
    const reference = await session(name);
    const cases = casesOf(name);
    const expected = [];
    for (const { feeds, constants } of cases) expected.push(await reference.run(ortFeeds(ort, { ...feeds, ...constants })));
    const bundle = bundleOf(name, "symbolic");
    compileSymbolic(name, bundle, { variants: VARIANTS });
    let worst = 0;
    for (const variant of variants) {
      const model = await open(bundle, variant);
      // There and back: nothing of a larger run may show in a smaller one.
      for (const k of [...cases.keys(), ...[...cases.keys()].reverse()]) {
        const outputs = await model.run(Object.fromEntries(Object.entries(cases[k].feeds).map(([input, { data, shape }]) => [input, { data, shape }])));
        for (const [output, { data, dims }] of Object.entries(expected[k])) {
          const where = `${output} at ${JSON.stringify(cases[k].dims)} in ${variant}`;
          assert.deepEqual([...outputs[output].shape], dims, where);
          const error = relativeError(outputs[output], data);
          assert.ok(error <= TOLERANCE, `${where}: ${error}`);
          worst = Math.max(worst, error);
        }
      }
      model.dispose();
    }
    t.diagnostic(`largest error ${worst.toExponential(1)}`);
  });
}

test("the detector finds something in every case, and not the same", () => {
  const counts = casesOf("detector").map(async ({ feeds }) => (await (await session("detector")).run(ortFeeds(ort, feeds))).scores.data.length);
  return Promise.all(counts).then((found) => {
    assert.ok(found.every((count) => count > 0), `${found}`);
    assert.ok(new Set(found).size > 2, `${found}`);
  });
});

const PROMPT = [11n, 407n, 3n, 250n, 88n], TOKENS = 96;
const best = (logits, vocabulary) => {
  const last = logits.subarray(logits.length - vocabulary);
  return BigInt(last.reduce((most, value, i) => (value > last[most] ? i : most), 0));
};
const presentOf = (past) => past.replace("past_key_values", "present");

/** Greedy decoding with a cache that starts empty: the tokens after the prompt. `run` takes {data, shape} by name, and gives arrays with shapes. */
async function decode(run, pasts) {
  let cache = Object.fromEntries(pasts.map((past) => [past, { data: new Float32Array(0), shape: [1, 4, 0, 32] }]));
  let ids = PROMPT;
  const tokens = [];
  while (tokens.length < TOKENS) {
    const outputs = await run({ input_ids: { data: BigInt64Array.from(ids), shape: [1, ids.length], dtype: "i64" }, ...cache });
    ids = [best(outputs.logits.data, 512)];
    tokens.push(Number(ids[0]));
    cache = Object.fromEntries(pasts.map((past) => [past, outputs[presentOf(past)]]));
  }
  return tokens;
}

test(`greedy decoding of ${TOKENS} tokens is ONNX Runtime's, token by token`, async () => {
  const reference = await session("decoder");
  const pasts = reference.inputNames.filter((name) => name.startsWith("past"));
  const expected = await decode(async (feeds) => {
    const outputs = await reference.run(ortFeeds(ort, feeds));
    return Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, { data, shape: dims }]));
  }, pasts);
  assert.ok(new Set(expected).size > 16, `the tokens are to differ: ${expected}`);
  // One bundle for the prompt, one for a token at a time, which is less code.
  const prompt = bundleOf("decoder", "symbolic"), step = bundleOf("decoder", "step");
  compileSymbolic("decoder", prompt, { variants: VARIANTS });
  compileSymbolic("decoder", step, { variants: VARIANTS, dims: { batch: 1, seq: 1, past: known.decoder.dims.past } });
  for (const variant of variants) {
    const models = [await open(prompt, variant), await open(step, variant)];
    const tokens = await decode(async (feeds) => {
      const outputs = await models[feeds.input_ids.data.length > 1 ? 0 : 1].run(Object.fromEntries(Object.entries(feeds).map(([name, { data, shape }]) => [name, { data, shape }])));
      return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, { data: Float32Array.from(array), shape: [...array.shape] }]));
    }, pasts);
    assert.deepEqual(tokens, expected, variant);
    for (const model of models) model.dispose();
  }
});
