// Bytes to download, raw and with brotli. Packing 14 MB at the best quality takes a minute, so sizes of files outside build/ are kept.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = path.join(ROOT, "build/sizes.json");
const pack = promisify(zlib.brotliCompress);

export async function brotliSize(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  return (await pack(bytes, { params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 22, [BROTLI_PARAM_SIZE_HINT]: bytes.length } })).length;
}

/** {raw, brotli} of one file. */
export async function fileSize(file, { cached = false } = {}) {
  const bytes = readFileSync(file);
  if (!cached) return { raw: bytes.length, brotli: await brotliSize(bytes) };
  const key = createHash("sha256").update(bytes).digest("hex");
  let known = {};
  try {
    known = JSON.parse(readFileSync(CACHE, "utf8"));
  } catch {
    // Not there yet, or cut off: measured again.
  }
  if (known[key] === undefined) {
    known[key] = { raw: bytes.length, brotli: await brotliSize(bytes) };
    mkdirSync(path.dirname(CACHE), { recursive: true });
    writeFileSync(CACHE, JSON.stringify(known, null, 1));
  }
  return known[key];
}

/** What a page that uses onnxruntime-web's wasm build downloads besides the model: its smallest CPU-only import. */
export async function onnxruntimeWebSizes() {
  const folder = path.join(ROOT, "node_modules/onnxruntime-web/dist");
  const version = JSON.parse(readFileSync(path.join(folder, "../package.json"), "utf8")).version;
  const size = (name) => fileSize(path.join(folder, name), { cached: true });
  return { version, code: await size("ort-wasm-simd-threaded.wasm"), js: await size("ort.wasm.bundle.min.mjs") };
}

const units = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];
export function formatBytes(bytes) {
  const [unit, name] = units.find(([unit]) => bytes >= unit) ?? [1, "B"];
  const value = bytes / unit;
  return `${unit === 1 ? bytes : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${name}`;
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Lines with columns; the first column is left-aligned, the others right. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd()).join("\n");
}
