// Which variable names stand without quotes. Internal to expr/.
#pragma once

#include <string_view>

namespace weft::expr {

inline bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
inline bool continues_name(char c) { return starts_name(c) || (c >= '0' && c <= '9') || c == '.'; }

inline bool is_call(std::string_view name) { return name == "min" || name == "max" || name == "select"; }

inline bool is_identifier(std::string_view name) {
  if (name.empty() || !starts_name(name[0]) || is_call(name)) return false;
  for (char c : name)
    if (!continues_name(c)) return false;
  return true;
}

}  // namespace weft::expr
