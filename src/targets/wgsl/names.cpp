#include "targets/wgsl/names.hpp"

namespace weft::wgsl {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

const std::string& Names::of(std::string_view prefix, std::string_view name) {
  const std::string key = std::string(prefix) + std::string(name);
  const auto [entry, added] = known_.emplace(key, key);
  if (!added) return entry->second;
  std::string identifier = key;
  for (char& c : identifier)
    if (!is_letter(c)) c = '_';
  const std::string base = identifier;
  for (int number = 1; !taken_.insert(identifier).second; ++number)
    identifier = base + "_" + std::to_string(number);
  entry->second = identifier;
  return entry->second;
}

std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

}  // namespace weft::wgsl
