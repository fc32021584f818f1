// node examples/ocr/build_page.mjs: puts the page, its three models and the sample into build/pages/ocr, ready for any web server.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { CHARACTERS, compileModels } from "./bundles.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const out = path.join(ROOT, "build/pages/ocr");
mkdirSync(out, { recursive: true });
buildRuntime();
compileModels(out);
for (const name of readdirSync(path.join(here, "page"))) copyFileSync(path.join(here, "page", name), path.join(out, name));
for (const name of ["reader.mjs", "boxes.mjs", "decode.mjs"]) copyFileSync(path.join(here, name), path.join(out, name));
copyFileSync(CHARACTERS, path.join(out, "characters.txt"));
copyFileSync(path.join(here, "page.png"), path.join(out, "sample.png"));
console.log(`page: ${path.relative(process.cwd(), out)}`);
