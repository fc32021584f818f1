#include "nn/sniff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"

namespace weft::nn {
namespace {

bool begins(std::span<const uint8_t> bytes, std::string_view magic, size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

/// XML after a byte order mark and blanks.
bool is_xml(std::span<const uint8_t> bytes) {
  if (begins(bytes, "\xEF\xBB\xBF")) bytes = bytes.subspan(3);
  const auto blank = [](uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; };
  const auto start = std::ranges::find_if_not(bytes, blank);
  bytes = bytes.subspan(static_cast<size_t>(start - bytes.begin()));
  return begins(bytes, "<?xml") || begins(bytes, "<net");
}

bool is_onnx(std::span<const uint8_t> bytes) {
  constexpr uint64_t kInteger = 0, kEight = 1, kLength = 2, kFour = 5, kGraph = 7;
  ByteReader in(bytes);
  while (!in.at_end()) {
    const auto tag = in.leb_u64();
    if (!tag) return false;
    const uint64_t field = *tag >> 3, wire = *tag & 7;
    if (field == 0) return false;
    if (field <= 8 && wire != (field == 1 || field == 5 ? kInteger : kLength)) return false;
    if (field == kGraph) return true;
    if (wire == kInteger) {
      if (!in.leb_u64()) return false;
    } else if (wire == kLength) {
      const auto length = in.leb_u64();
      if (!length || !in.skip(*length)) return false;
    } else if (wire == kEight || wire == kFour) {
      if (!in.skip(wire == kEight ? 8 : 4)) return false;
    } else {
      return false;
    }
  }
  return false;
}

constexpr std::array<std::string_view, 7> kEncodings = {
    "openvino", "onnx", "tensorflow", "pytorch", "tensorflowlite", "autodetect", "ggml"};

}  // namespace

Format sniff(std::span<const uint8_t> bytes) {
  using namespace std::string_view_literals;
  if (bytes.empty()) return Format::empty;
  if (begins(bytes, "\0asm"sv)) return Format::wasm;
  if (begins(bytes, "GGUF")) return Format::gguf;
  if (begins(bytes, "TFL3", 4)) return Format::tflite;
  if (begins(bytes, "PK\x03\x04")) return Format::zip;
  if (is_xml(bytes)) return Format::openvino;
  return is_onnx(bytes) ? Format::onnx : Format::unknown;
}

std::string_view describe(Format format) {
  switch (format) {
    case Format::empty: return "nothing: there are none";
    case Format::onnx: return "an ONNX model";
    case Format::wasm: return "a WebAssembly module";
    case Format::gguf: return "a GGUF file";
    case Format::tflite: return "a TensorFlow Lite model";
    case Format::openvino: return "XML, as OpenVINO has it";
    case Format::zip: return "a zip archive, as PyTorch writes";
    case Format::unknown: break;
  }
  return "no format that weft knows";
}

Outcome<Encoding> accept(uint32_t encoding, Format format) {
  constexpr auto kOnnx = static_cast<uint32_t>(Encoding::onnx);
  const bool open = encoding == static_cast<uint32_t>(Encoding::autodetect) ||
                    encoding == static_cast<uint32_t>(Encoding::ggml);
  if (format == Format::onnx && encoding == kOnnx) return Encoding::onnx;
  if (open && (format == Format::onnx || format == Format::wasm)) return Encoding::autodetect;
  const std::string name = encoding < kEncodings.size()
                               ? fmt::format("{} ({})", encoding, kEncodings[encoding])
                               : fmt::to_string(encoding);
  std::string text = fmt::format("the encoding is {}, and the bytes look like {}; ", name, describe(format));
  if (format == Format::onnx) {
    text += "load it as onnx";
  } else if (format == Format::wasm) {
    text += "load a weft bundle as autodetect";
  } else {
    text += "weft reads ONNX and its own bundles";
  }
  return refuse(Errno::invalid_encoding, std::move(text));
}

}  // namespace weft::nn
