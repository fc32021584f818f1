// The dimensions of the inputs that have a range, and what the model leaves of them.
#pragma once

#include "frontends/onnx/constraints.hpp"
#include "frontends/onnx/onnx.hpp"

namespace weft::onnx {

/// "dim.batch": unlike the others; letters that expressions do not know become underscores.
std::string symbol_name(std::string_view kind, std::string_view of, const Symbols& others);

/// "1..512", "32..1920:32", "7"
std::string describe(const ExtentRange& range);

/// What a node needs of extents that depend on symbols.
struct Requirement {
  expr::Expr condition;
  Error otherwise;  ///< what is wrong where the condition does not hold
};

/// An import asks for its dimensions' extents; what it needs besides narrows them for the next one.
class Dimensions {
 public:
  /// The extent of the dimension that `key` stands for: step * symbol until it is narrowed. `what` is its
  /// name to the user: `dim "batch"`, and `name` the symbol's.
  const expr::Expr& extent(const std::string& key, std::string_view what, std::string_view name,
                           const ExtentRange& range);
  const Symbols& symbols() const { return symbols_; }
  /// The error, with what its message names of the dimensions: their ranges, and what is left of them.
  Error explained(Error error) const;
  /// Narrows to what meets the requirements, one after the other, and says whether that changed something.
  /// Leaves those that no narrowing meets. Errors: where there is no such extent, for which dimensions.
  Result<bool> narrow(const std::vector<Requirement>& requirements);
  /// One a dimension that was narrowed: `dim "x": 2..6 becomes 4 (else, node "conv1": …)`.
  std::vector<std::string> notes() const;

 private:
  struct Entry {
    std::string what, symbol, name;
    ExtentRange given;
    expr::Expr extent;
    std::vector<std::string> reasons;
  };
  /// Whether the narrowing is one that a bundle can say: each extent is a dimension's.
  bool is_sayable(const Narrowing& narrowing) const;
  void apply(const Narrowing& narrowing, const Error& otherwise);
  std::string now(const Entry& entry) const;
  static std::string because(const Entry& entry);

  std::map<std::string, size_t> keys_;
  std::vector<Entry> entries_;
  std::vector<std::string> order_;  ///< the symbols, as they came
  Symbols symbols_, named_;         ///< those that are left; all that ever were
};

}  // namespace weft::onnx
