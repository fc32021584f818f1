#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/check.hpp"
#include "targets/wasm/assembler_data.hpp"
#include "targets/wasm/encoder.hpp"

namespace weft::wasm {
namespace {

constexpr size_t kBytesPerLine = 12;

/// "000012: 41 80 01      i32.const 128": long fields go on in lines without comment.
void dump_field(std::string& text, std::span<const uint8_t> bytes, const Field& field) {
  for (size_t at = 0; at < field.size || at == 0; at += kBytesPerLine) {
    const size_t count = std::min(kBytesPerLine, field.size - at);
    std::string hex;
    for (size_t i = 0; i < count; i++) {
      fmt::format_to(std::back_inserter(hex), "{}{:02x}", i == 0 ? "" : " ", bytes[field.offset + at + i]);
    }
    std::string line = fmt::format("{:06x}: {:<{}}  {}", field.offset + at, hex, 3 * kBytesPerLine - 1,
                                   at == 0 ? field.comment : std::string());
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
}

}  // namespace

std::vector<uint8_t> Module::encode() const {
  ModuleEncoder encoder(*this, false);
  encoder.write();
  return encoder.out().take();
}

ObjectBytes Module::encode_object() const {
  WEFT_CHECK(data_->relocatable);
  ModuleEncoder encoder(*this, false);
  encoder.write();
  ObjectBytes out{encoder.out().take(), {}};
  if (data_->object_data.empty() || data_->object_data.back().outside == 0) return out;
  const auto at = out.head.begin() + static_cast<std::ptrdiff_t>(encoder.outside_at());
  out.tail.assign(at, out.head.end());
  out.head.erase(at, out.head.end());
  return out;
}

std::string describe(const Module& module) {
  ModuleEncoder encoder(module, true);
  encoder.write();
  const std::vector<Field> fields = encoder.out().fields();
  const std::vector<uint8_t> bytes = encoder.out().take();
  std::string text;
  for (const Field& field : fields) dump_field(text, bytes, field);
  return text;
}

}  // namespace weft::wasm
