// How passes write nodes. Internal to passes/.
#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "graph/graph.hpp"

namespace weft::passes {

/// Appends to g.nodes what stands for one node that was taken out: the last one defines the node's own value,
/// so its name and users stay.
class Replacement {
 public:
  Replacement(graph::Graph& g, const graph::Node& node) : g_(g), node_(node) {}
  Replacement(graph::Graph& g, graph::Node&& node) = delete;  // it is only referred to

  graph::ValueId add(graph::Op op, std::vector<graph::ValueId> inputs, graph::Attributes attributes = {}) {
    auto result = graph::add_node(g_, op, std::move(inputs), std::move(attributes), name(), node_.source);
    WEFT_CHECK(result.has_value(), result.error().message);
    g_.nodes.back().loop = node_.loop;
    return *result;
  }

  /// The node's own value, by another operation.
  void finish(graph::Op op, std::vector<graph::ValueId> inputs, graph::Attributes attributes = {}) {
    g_.nodes.push_back(
        {op, std::move(attributes), std::move(inputs), node_.output, node_.source, -1, node_.loop});
  }

  template <class T>
  graph::ValueId constant(graph::Type type, const std::vector<T>& elements) {
    std::vector<uint8_t> bytes(elements.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
    return graph::add_constant(g_, name(), std::move(type), std::move(bytes));
  }

 private:
  const std::string& name() const { return g_.values[node_.output].name; }

  graph::Graph& g_;
  const graph::Node& node_;
};

}  // namespace weft::passes
