#include "compile/stream.hpp"

#include <algorithm>
#include <set>

#include "lower/group.hpp"
#include "plan/lifetimes.hpp"

namespace weft::compile {
namespace {

using graph::ValueId;
using lower::Group;

uint64_t constant_bytes(const graph::Graph& g, ValueId id) {
  return std::visit(
      [](const auto& data) {
        if constexpr (requires { data.bytes; }) return static_cast<uint64_t>(data.bytes);
        else return static_cast<uint64_t>(data.size());
      },
      g.constants.at(id));
}

class Order {
 public:
  explicit Order(const graph::Graph& g) : g_(g), groups_(lower::collect_groups(g)) {
    for (const Group& group : groups_)
      if (group.constant) computed_.emplace(group.output, &group);
  }

  std::vector<ValueId> run() {
    for (const Group& group : groups_)
      if (!group.constant) add(group.inputs);
    for (const ValueId value : graph::results(g_)) add({value});
    for (const Group& group : groups_) add(group.inputs);  // what no one uses
    return std::move(order_);
  }

 private:
  /// The constants that these values are made of.
  void add(const std::vector<ValueId>& values) {
    std::vector<ValueId> found, open = values;
    while (!open.empty()) {
      const ValueId value = open.back();
      open.pop_back();
      const auto group = computed_.find(value);
      if (!g_.is_constant(value) && group == computed_.end()) continue;
      if (!seen_.insert(value).second) continue;
      if (group == computed_.end()) found.push_back(value);
      else open.insert(open.end(), group->second->inputs.begin(), group->second->inputs.end());
    }
    std::sort(found.begin(), found.end(), [&](ValueId a, ValueId b) {
      const uint64_t bytes_a = constant_bytes(g_, a), bytes_b = constant_bytes(g_, b);
      return bytes_a != bytes_b ? bytes_a < bytes_b : a < b;
    });
    order_.insert(order_.end(), found.begin(), found.end());
  }

  const graph::Graph& g_;
  std::vector<Group> groups_;
  std::map<ValueId, const Group*> computed_;
  std::set<ValueId> seen_;
  std::vector<ValueId> order_;
};

}  // namespace

std::vector<ValueId> constant_order(const graph::Graph& g) { return Order(g).run(); }

void stream(BuiltProgram& built, const graph::Graph& g, Optimize) {
  plan::StreamOptions options;
  for (const ValueId value : constant_order(g))
    if (const auto buffer = built.weights.find(value); buffer != built.weights.end())
      options.order.push_back(buffer->second);
  built.run_arena_bytes = plan::run_arena_bytes(built.program);
  options.window = std::clamp(built.run_arena_bytes, kSmallestWindow, kLargestWindow);
  plan::Streamed streamed = plan::stream_weights(std::move(built.program), options);
  built.program = std::move(streamed.program);
  built.uncut = std::move(streamed.uncut);
}

uint64_t resident_bytes(const plan::Program& program) {
  const plan::Lifetimes lives = plan::lifetimes(program);
  uint64_t bytes = 0;
  for (size_t i = 0; i < program.buffers.size(); ++i)
    if (program.buffers[i].kind == plan::BufferKind::weights && lives.buffers[i].for_ever)
      bytes += program.buffers[i].bytes;
  return bytes;
}

}  // namespace weft::compile
