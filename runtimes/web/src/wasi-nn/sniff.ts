import { refuse } from "./errors.js";

// What bytes that are said to be a model look like; the twin of runtimes/nn/sniff.cpp.
export type Format = "onnx" | "wasm" | "empty" | "gguf" | "tflite" | "openvino" | "zip" | "unknown";

const descriptions: Readonly<Record<Format, string>> = {
  empty: "nothing: there are none",
  onnx: "an ONNX model",
  wasm: "a WebAssembly module",
  gguf: "a GGUF file",
  tflite: "a TensorFlow Lite model",
  openvino: "XML, as OpenVINO has it",
  zip: "a zip archive, as PyTorch writes",
  unknown: "no format that weft knows",
};
const encodings = ["openvino", "onnx", "tensorflow", "pytorch", "tensorflowlite", "autodetect", "ggml"];

const begins = (bytes: Uint8Array, magic: string, at = 0): boolean =>
  bytes.length >= at + magic.length && Array.from(magic).every((c, i) => c.charCodeAt(0) === bytes[at + i]);

function isXml(bytes: Uint8Array): boolean {
  let at = begins(bytes, "\xef\xbb\xbf") ? 3 : 0;
  while ([0x20, 0x09, 0x0d, 0x0a].includes(bytes[at]!)) ++at;
  return begins(bytes, "<?xml", at) || begins(bytes, "<net", at);
}

/** ONNX has no magic number: its outermost fields (ModelProto of onnx.proto3) are walked until the graph comes. */
function isOnnx(bytes: Uint8Array): boolean {
  let at = 0;
  const varint = (): number | undefined => {
    for (let value = 0, scale = 1, i = 0; i < 10 && at < bytes.length; ++i, scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return undefined;
  };
  const integer = 0, eight = 1, length = 2, four = 5, graph = 7;
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) return false;
    const field = Math.floor(tag / 8), wire = tag % 8;
    if (field === 0 || (field <= 8 && wire !== (field === 1 || field === 5 ? integer : length))) return false;
    if (field === graph) return true;
    if (wire === integer || wire === length) {
      const value = varint();
      if (value === undefined) return false;
      if (wire === length) at += value;
    } else if (wire === eight || wire === four) at += wire === eight ? 8 : 4;
    else return false;
    if (at > bytes.length) return false;
  }
  return false;
}

export function sniff(bytes: Uint8Array): Format {
  if (bytes.length === 0) return "empty";
  if (begins(bytes, "\0asm")) return "wasm";
  if (begins(bytes, "GGUF")) return "gguf";
  if (begins(bytes, "TFL3", 4)) return "tflite";
  if (begins(bytes, "PK\x03\x04")) return "zip";
  if (isXml(bytes)) return "openvino";
  return isOnnx(bytes) ? "onnx" : "unknown";
}

/** Throws invalid_encoding where a first part of this format may not come under this encoding. 5 and 6 are autodetect of one host and ggml of another. */
export function accept(encoding: number, format: Format): void {
  if ((format === "onnx" && encoding === 1) || ((encoding === 5 || encoding === 6) && (format === "onnx" || format === "wasm"))) return;
  const name = encodings[encoding] === undefined ? `${encoding}` : `${encoding} (${encodings[encoding]})`;
  const advice = format === "onnx" ? "load it as onnx" : format === "wasm" ? "load a weft bundle as autodetect" : "weft reads ONNX and its own bundles";
  refuse("invalid_encoding", `the encoding is ${name}, and the bytes look like ${descriptions[format]}; ${advice}`);
}
