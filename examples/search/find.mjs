// node examples/search/find.mjs QUERY [--file SENTENCES.txt] [--most N] [--json]: the sentences nearest in meaning. Exports and compiles the model
// first, once.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compileModel, readVocabulary } from "./bundle.mjs";
import { Searcher, sentencesOf } from "./search.mjs";
import { Tokenizer } from "./tokenizer.mjs";

const usage = "usage: node examples/search/find.mjs QUERY [--file SENTENCES.txt] [--most N] [--json]";
const CORPUS = fileURLToPath(new URL("corpus.txt", import.meta.url));

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true, options: { file: { type: "string" }, most: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  const most = Number(values.most ?? 5);
  if (values.help || positionals.length !== 1 || !Number.isInteger(most) || most < 1) {
    console[values.help ? "log" : "error"](usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const sentences = sentencesOf(readFileSync(values.file ?? CORPUS, "utf8"));
  const folder = path.join(ROOT, "build/search");
  mkdirSync(folder, { recursive: true });
  buildRuntime();
  compileModel(path.join(folder, "model"));
  const model = await (await import(pathToFileURL(path.join(folder, "model/model.js")))).load();
  const searcher = new Searcher(model, new Tokenizer(readVocabulary()));
  let from = performance.now();
  await searcher.index(sentences);
  const indexMs = performance.now() - from;
  from = performance.now();
  const found = await searcher.search(positionals[0], most);
  const queryMs = performance.now() - from;
  if (values.json) return console.log(JSON.stringify({ found, sentences: sentences.length, indexMs, queryMs }, null, 1));
  for (const { sentence, score } of found) console.log(`${score.toFixed(3)}  ${sentence}`);
  console.log(`\n${sentences.length} sentences in ${indexMs.toFixed(0)} ms, the query in ${queryMs.toFixed(0)} ms`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main().catch((error) => {
    console.error(`find: ${error.message}`);
    process.exitCode = 1;
  });
