// Strings by id: equal strings have equal ids, which count from 0 in the order in which they were first met.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graph {

class Strings {
 public:
  /// Those of a graph, which are distinct.
  explicit Strings(const std::vector<std::string>& own = {}) {
    for (const std::string& text : own) id(text);
  }

  int32_t id(std::string_view text) {
    const auto known = ids_.find(text);
    if (known != ids_.end()) return known->second;
    texts_.emplace_back(text);
    ids_.emplace(texts_.back(), static_cast<int32_t>(texts_.size() - 1));
    return static_cast<int32_t>(texts_.size() - 1);
  }
  /// Null for an id that there is not.
  const std::string* find(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < texts_.size() ? &texts_[static_cast<size_t>(id)] : nullptr;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::map<std::string, int32_t, std::less<>> ids_;
};

}  // namespace weft::graph
