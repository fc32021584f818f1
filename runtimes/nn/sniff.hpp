// What bytes that are said to be a model look like. Hosts number encodings differently, guests mix them up:
// the bytes decide.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "nn/types.hpp"

namespace weft::nn {

enum class Format : uint8_t { empty, onnx, wasm, gguf, tflite, openvino, zip, unknown };

/// By magic numbers; ONNX has none, so its outermost protobuf fields are walked until the graph comes
/// (ModelProto of onnx.proto3: fields 1 and 5 are integers, the others bytes, 7 is the graph). A file that
/// ends too early is still ONNX when its graph has begun.
Format sniff(std::span<const uint8_t> bytes);

/// "an ONNX model", "no format that weft knows", …
std::string_view describe(Format format);

/// Whether a first part of this format may come under this encoding, any value of which a guest may pass.
/// invalid_encoding, with a text that says what the bytes look like: they are not what was declared, or weft
/// cannot read it. ONNX comes as onnx, and ONNX or a weft bundle as 5 or 6: autodetect of one host and ggml
/// of another.
Outcome<Encoding> accept(uint32_t encoding, Format format);

}  // namespace weft::nn
