// Names, strings and elements in the text form. Internal to graph/.
#pragma once

#include <string>

#include "graph/graph.hpp"

namespace weft::graph {

/// Whether a value's name may hold `c` without quotes.
bool is_name_char(char c);
/// "text" with `\"`, `\\` and `\xHH` for what does not print.
std::string quoted(std::string_view text);
/// %name, %"quoted name"
std::string value_token(std::string_view name);

/// Appends the elements of `bytes`, separated by ", ". f16, bf16, and NaNs that fmt could not tell apart,
/// print as bits.
void print_elements(DType type, const std::vector<uint8_t>& bytes, std::string& out);
/// Shortest text that reads back as `value`; every NaN is "nan".
std::string print_double(double value);

/// Appends the bytes of one element as printed above; false when `token` is none, or out of the type's range.
bool parse_element(DType type, std::string_view token, std::vector<uint8_t>& bytes);
bool parse_double(std::string_view token, double& value);

}  // namespace weft::graph
