// Loops and ifs of an entry: which statement belongs to which, and in what order they run.
#include "base/check.hpp"
#include "plan/program.hpp"

namespace weft::plan {

std::optional<std::vector<size_t>> matching(const std::vector<Statement>& statements) {
  std::vector<size_t> out(statements.size()), open;
  for (size_t i = 0; i < statements.size(); ++i) {
    out[i] = i;
    if (std::holds_alternative<Loop>(statements[i]) || std::holds_alternative<If>(statements[i]))
      open.push_back(i);
    if (!std::holds_alternative<End>(statements[i])) continue;
    if (open.empty()) return std::nullopt;
    out[i] = open.back();
    out[open.back()] = i;
    open.pop_back();
  }
  if (!open.empty()) return std::nullopt;
  return out;
}

bool is_index(const Program& program, std::string_view symbol) {
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (const auto* loop = std::get_if<Loop>(&statement); loop && loop->index == symbol) return true;
  return false;
}

bool has_jumps(const Program& program) {
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (std::holds_alternative<End>(statement)) return true;
  return false;
}

namespace {

class Execution {
 public:
  Execution(const std::vector<Statement>& statements, const Machine& machine)
      : statements_(statements), machine_(machine) {
    auto matched = matching(statements);
    WEFT_CHECK(matched.has_value(), "loops and ifs that do not nest");
    matching_ = std::move(*matched);
  }

  void run() {
    for (size_t i = 0; i < statements_.size();) i = step(i);
  }

 private:
  /// Runs one statement; where to go on.
  size_t step(size_t at) {
    const Statement& statement = statements_[at];
    if (const auto* node = std::get_if<If>(&statement))
      return machine_.truth(node->condition) ? at + 1 : matching_[at] + 1;
    if (const auto* loop = std::get_if<Loop>(&statement)) {
      counters_.push_back(0);
      return head(*loop, at);
    }
    if (!std::holds_alternative<End>(statement)) {
      return machine_.run(statement) ? at + 1 : statements_.size();
    }
    const auto* loop = std::get_if<Loop>(&statements_[matching_[at]]);
    if (loop == nullptr) return at + 1;
    ++counters_.back();
    return head(*loop, matching_[at]);
  }

  size_t head(const Loop& loop, size_t at) {
    machine_.set(loop.index, counters_.back());
    if (counters_.back() < machine_.value(loop.trips) && (!loop.condition || machine_.truth(*loop.condition)))
      return at + 1;
    counters_.pop_back();
    return matching_[at] + 1;
  }

  const std::vector<Statement>& statements_;
  const Machine& machine_;
  std::vector<size_t> matching_;
  std::vector<int64_t> counters_;  ///< of the loops that run, the innermost last
};

}  // namespace

void execute(const std::vector<Statement>& statements, const Machine& machine) {
  Execution(statements, machine).run();
}

}  // namespace weft::plan
