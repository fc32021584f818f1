// node examples/ocr/read.mjs PICTURE [--json] [--output MARKED.png]: reads all text of a picture. Compiles the models first, once.
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import sharp from "sharp";

import { ROOT } from "../../bench/sizes.mjs";
import { buildRuntime } from "../../tests/support/runtime.mjs";
import { compileModels, loadReader } from "./bundles.mjs";

const usage = "usage: node examples/ocr/read.mjs PICTURE [--json] [--output MARKED.png]";

/** {width, height, data: RGBA}, on white, turned as the camera says. */
export async function readPicture(file) {
  const { data, info } = await sharp(file).rotate().flatten({ background: "white" }).toColourspace("srgb").ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The picture with a box around each line. */
function drawBoxes(file, { width, height }, lines, output) {
  const polygons = lines.map(({ box, text }) => `<polygon points="${box.map((point) => point.map((v) => v.toFixed(1)).join(",")).join(" ")}"><title>${escape(text)}</title></polygon>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g fill="none" stroke="#2563eb" stroke-width="2">${polygons.join("")}</g></svg>`;
  return sharp(file).rotate().composite([{ input: Buffer.from(svg) }]).png().toFile(output);
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" }, output: { type: "string" }, help: { type: "boolean", short: "h" } } });
  if (values.help || positionals.length !== 1) {
    console[values.help ? "log" : "error"](usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const [file] = positionals;
  const picture = await readPicture(file);
  const folder = path.join(ROOT, "build/ocr");
  mkdirSync(folder, { recursive: true });
  buildRuntime();
  compileModels(folder);
  const reader = await loadReader(folder);
  const { lines, times } = await reader.read(picture);
  if (values.output) await drawBoxes(file, picture, lines, values.output);
  if (values.json) return console.log(JSON.stringify({ lines, times }, null, 1));
  for (const { text, confidence, turned } of lines) console.log(`${confidence.toFixed(2)}  ${text}${turned ? "   (upside down)" : ""}`);
  console.log(`\n${lines.length} lines; ${Object.entries(times).map(([stage, ms]) => `${stage} ${ms.toFixed(0)} ms`).join(", ")}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main().catch((error) => {
    console.error(`read: ${error.message}`);
    process.exitCode = 1;
  });
