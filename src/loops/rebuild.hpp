// Copies of values and blocks with index variables and locals replaced: what substitution, unrolling and
// vectorizing share.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "loops/loops.hpp"

namespace weft::loops {

/// Hands out names that occur nowhere in a kernel.
class FreshNames {
 public:
  explicit FreshNames(const Kernel& kernel);
  /// `base` with a number; the same sequence on every host.
  std::string make(const std::string& base);

 private:
  std::set<std::string, std::less<>> used_;
  std::map<std::string, uint32_t, std::less<>> next_;
};

struct Replacements {
  std::map<std::string, Expr, std::less<>> indices;
  std::map<std::string, Value, std::less<>> locals;
};

/// One copy of some code. With `fresh`, the names that the code itself binds by let and index get new names
/// in the copy. Loop variables keep their names, with the facts that their new extents give.
class Rebuilder {
 public:
  Rebuilder(Replacements replacements, FreshNames* fresh) : with_(std::move(replacements)), fresh_(fresh) {}

  Expr expr(const Expr& e) const;
  Value value(const Value& v);
  /// The bindings of the block's statements end with it.
  Block block(const Block& statements);
  /// Appends the copies; what they bind stays bound for later calls.
  void append(const Block& statements, Block& out);
  void append(const Statement& statement, Block& out);

  void bind_index(const std::string& name, Expr e);
  void bind_local(const std::string& name, Value v);

 private:
  Value rebuilt(const Value& v);
  Statement copy(const For& loop);
  Statement copy(const Store& store);
  Statement copy(const Let& let);
  Statement copy(const LetIndex& let);
  Statement copy(const If& node);

  Replacements with_;
  FreshNames* fresh_;
  std::unordered_map<const ValueNode*, Value> done_;
};

}  // namespace weft::loops
