// Upper and lower case of UTF-8 texts, for the evaluator.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::graph {

/// By the Unicode mappings that do not depend on a language, of the Latin (to U+017F), Greek and Cyrillic
/// letters, and of what has no case: nothing where another script comes, whose cases this does not know.
std::optional<std::string> changed_case(std::string_view text, bool upper);

}  // namespace weft::graph
