// node examples/search/build_page.mjs: puts the page, its model, vocabulary and sentences into build/pages/search, ready for any web server.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compileModel, VOCABULARY } from "./bundle.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const out = path.join(ROOT, "build/pages/search");
mkdirSync(out, { recursive: true });
buildRuntime();
compileModel(path.join(out, "model"));
for (const name of readdirSync(path.join(here, "page"))) copyFileSync(path.join(here, "page", name), path.join(out, name));
for (const name of ["search.mjs", "tokenizer.mjs", "corpus.txt"]) copyFileSync(path.join(here, name), path.join(out, name));
copyFileSync(VOCABULARY, path.join(out, "vocab.txt"));
console.log(`page: ${path.relative(process.cwd(), out)}`);
