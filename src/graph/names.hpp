// The enumerators' names, as they print. Internal to graph/.
#pragma once

#include <span>

#include "graph/attributes.hpp"

namespace weft::graph {

std::span<const std::string_view> enumerators(ReduceKind);
std::span<const std::string_view> enumerators(ScatterKind);
std::span<const std::string_view> enumerators(PadMode);
std::span<const std::string_view> enumerators(ResizeMode);
std::span<const std::string_view> enumerators(CoordinateMode);
std::span<const std::string_view> enumerators(NearestMode);

/// "?" for a value that is no enumerator.
template <class Enum>
std::string_view name_of(Enum value) {
  const auto names = enumerators(value);
  const size_t i = static_cast<size_t>(value);
  return i < names.size() ? names[i] : "?";
}

}  // namespace weft::graph
