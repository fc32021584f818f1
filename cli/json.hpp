// JSON as the commands read and write it: no exceptions, and any bytes in names.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace weft::cli {

using nlohmann::ordered_json;

/// Discarded (no object, no array) when the text is no JSON.
inline ordered_json parse_json(std::span<const uint8_t> text) {
  const char* begin = reinterpret_cast<const char*>(text.data());
  return ordered_json::parse(begin, begin + text.size(), nullptr, false);
}

/// Names from models need not be UTF-8: what is not becomes U+FFFD.
inline std::string json_text(const ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace weft::cli
