// node examples/vad/build_page.mjs: puts the page, its model and the sample into build/pages/vad, ready for any web server.
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compileModel } from "./bundle.mjs";
import { makeRecording } from "./recording.mjs";
import { writeWav } from "./wav.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const out = path.join(ROOT, "build/pages/vad");
mkdirSync(out, { recursive: true });
buildRuntime();
compileModel(path.join(out, "model"));
for (const name of readdirSync(path.join(here, "page"))) copyFileSync(path.join(here, "page", name), path.join(out, name));
copyFileSync(path.join(here, "speech.mjs"), path.join(out, "speech.mjs"));
const { samples, rate } = makeRecording();
writeFileSync(path.join(out, "sample.wav"), writeWav(samples, rate));
console.log(`page: ${path.relative(process.cwd(), out)}`);
