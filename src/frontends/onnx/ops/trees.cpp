// Operators of ai.onnx.ml: tree ensembles, linear models, scaling.
//
// A tree is walked in all rows at once: each step gathers the feature, the split and the children of the node
// where a row stands. Leaves lead to themselves, so that as many steps as the deepest tree has levels do for
// all.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// As TreeEnsemble of ai.onnx.ml 5 numbers them.
enum class Branch : int64_t { leq = 0, lt = 1, gte = 2, gt = 3, eq = 4, neq = 5, member = 6 };
enum class Aggregate : int64_t { average = 0, sum = 1, min = 2, max = 3 };

struct Forest {
  Ints features, modes, yes, no, tracks_missing;  ///< one a node; a leaf leads to itself
  std::vector<double> splits;
  std::vector<std::vector<double>> members;                      ///< of nodes that test for membership
  std::vector<std::vector<std::pair<int64_t, double>>> weights;  ///< of leaves: target, weight
  Ints roots;
  int64_t targets = 1;
  Aggregate aggregate = Aggregate::sum;

  int64_t add_leaf() {
    const auto id = static_cast<int64_t>(features.size());
    add(0, 0, Branch::leq, id, id, 0);
    return id;
  }
  void add(int64_t feature, double split, Branch mode, int64_t true_node, int64_t false_node,
           int64_t missing) {
    features.push_back(feature);
    splits.push_back(split);
    modes.push_back(static_cast<int64_t>(mode));
    yes.push_back(true_node);
    no.push_back(false_node);
    tracks_missing.push_back(missing);
    members.emplace_back();
    weights.emplace_back();
  }
};

/// Levels below the roots; nothing when a node leads back to one above it, or out of the forest.
std::optional<int64_t> depth_of(const Forest& f) {
  std::vector<int64_t> level = f.roots;
  const auto nodes = static_cast<int64_t>(f.features.size());
  for (int64_t depth = 0; depth <= nodes; ++depth) {
    std::vector<int64_t> next;
    for (const int64_t node : level) {
      if (node < 0 || node >= nodes) return std::nullopt;
      const size_t at = static_cast<size_t>(node);
      if (f.yes[at] == node && f.no[at] == node) continue;
      next.push_back(f.yes[at]);
      next.push_back(f.no[at]);
    }
    if (next.empty()) return depth;
    if (next.size() > 4 * static_cast<size_t>(nodes) + 4) return std::nullopt;
    level = std::move(next);
  }
  return std::nullopt;
}

/// Whether the value at a node goes to its true child.
Term compare(Call& c, const Forest& f, ValueId at, const Term& value, const Term& split) {
  const auto own = [&](Branch mode) -> Term {
    switch (mode) {
      case Branch::leq: return less_equal(value, split);
      case Branch::lt: return less(value, split);
      case Branch::gte: return less_equal(split, value);
      case Branch::gt: return less(split, value);
      case Branch::eq: return equal(value, split);
      case Branch::neq: return !equal(value, split);
      case Branch::member: break;
    }
    size_t most = 1;
    for (const auto& set : f.members) most = std::max(most, set.size());
    std::vector<double> table;
    for (const auto& set : f.members)
      for (size_t i = 0; i < most; ++i) table.push_back(i < set.size() ? set[i] : std::nan(""));
    const ValueId held = emit(c, value);
    Ints shape = c.shape(held);
    shape.push_back(1);
    const ValueId rows = c.constant(
        c.dtype(held), {static_cast<int64_t>(f.members.size()), static_cast<int64_t>(most)}, table);
    const ValueId sets = emit(c, gather(rows, at));
    const ValueId one = reshape(c, held, shape);
    const ValueId hits = emit(c, equal(one, sets));
    return reduce(c, hits, ReduceKind::max, {c.rank(hits) - 1}, false);
  };
  Ints used = f.modes;
  std::ranges::sort(used);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  Term result = own(static_cast<Branch>(used[0]));
  if (used.size() > 1) {
    const ValueId mode = emit(c, gather(c.vector(f.modes), at));
    for (size_t i = 1; i < used.size(); ++i)
      result = select(equal(mode, static_cast<double>(used[i])), own(static_cast<Branch>(used[i])), result);
  }
  if (std::ranges::any_of(f.tracks_missing, [](int64_t missing) { return missing != 0; })) {
    const ValueId missing = emit(c, gather(c.vector(f.tracks_missing), at));
    result = result || (Term(Op::is_nan, {value}) && !equal(missing, 0.0));
  }
  return result;
}

/// The sums (or other aggregates) of the leaves' weights: [rows, targets].
ValueId evaluate_forest(Call& c, ValueId x, const Forest& f) {
  if (!c.ok()) return kNoValue;
  const Ints shape = c.shape(x);
  const std::optional<int64_t> depth = depth_of(f);
  if (shape.size() != 2 || !depth || f.roots.empty()) {
    c.invalid("its trees are no trees, or its input is no matrix");
    return kNoValue;
  }
  for (const int64_t feature : f.features)
    if (feature < 0 || feature >= shape[1]) {
      c.invalid(fmt::format("the feature {} of {}", feature, shape[1]));
      return kNoValue;
    }
  const auto trees = static_cast<int64_t>(f.roots.size()), nodes = static_cast<int64_t>(f.features.size());
  const Ints all = {shape[0], trees};
  const ValueId features = cast(c, c.vector(f.features), DType::i32),
                yes = cast(c, c.vector(f.yes), DType::i32);
  const ValueId no = cast(c, c.vector(f.no), DType::i32), roots = cast(c, c.vector(f.roots), DType::i32);
  const ValueId splits = c.constant(c.dtype(x), {nodes}, f.splits);
  const ValueId flat = reshape(c, x, {element_count(shape)});
  ValueId at = expand(c, roots, all);
  for (int64_t level = 0; level < *depth && c.ok(); ++level) {
    const ValueId feature = emit(c, gather(features, at));
    const ValueId value = emit(c, gather(flat, iota(all, 0) * static_cast<double>(shape[1]) + feature));
    const ValueId split = emit(c, gather(splits, at));
    const ValueId goes = emit(c, compare(c, f, at, value, split));
    const ValueId if_true = emit(c, gather(yes, at)), if_false = emit(c, gather(no, at));
    at = select(c, goes, if_true, if_false);
  }
  if (f.targets < 1 || f.targets > (int64_t{1} << 24) / std::max<int64_t>(nodes, 1)) {
    c.fail(ErrorKind::limit, "too many nodes and targets");
    return kNoValue;
  }
  const bool extreme = f.aggregate == Aggregate::min || f.aggregate == Aggregate::max;
  const double none = f.aggregate == Aggregate::min   ? HUGE_VAL
                      : f.aggregate == Aggregate::max ? -HUGE_VAL
                                                      : 0;
  std::vector<double> weights(static_cast<size_t>(nodes * f.targets), none);
  for (int64_t node = 0; node < nodes; ++node)
    for (const auto& [target, weight] : f.weights[static_cast<size_t>(node)]) {
      if (target < 0 || target >= f.targets) {
        c.invalid(fmt::format("the target {} of {}", target, f.targets));
        return kNoValue;
      }
      double& cell = weights[static_cast<size_t>(node * f.targets + target)];
      cell = extreme ? weight : cell + weight;
    }
  const ValueId table = c.constant(c.dtype(x), {nodes, f.targets}, weights);
  const ValueId votes = emit(c, gather(table, at));
  if (extreme)
    return reduce(c, votes, f.aggregate == Aggregate::min ? ReduceKind::min : ReduceKind::max, {1}, false);
  const ValueId sum = reduce(c, votes, ReduceKind::sum, {1}, false);
  return f.aggregate == Aggregate::average ? mul(c, sum, 1.0 / static_cast<double>(trees)) : sum;
}

ValueId transformed(Call& c, ValueId x, const std::string& name) {
  if (name == "NONE" || name == "0") return x;
  if (name == "LOGISTIC" || name == "2") return c.emit(Op::sigmoid, {x});
  if (name == "SOFTMAX" || name == "1") return softmax(c, x, {1}, false);
  c.unsupported(fmt::format("post_transform = {}", name));
  return kNoValue;
}

std::vector<double> tensor_numbers(Call& c, std::string_view name) {
  const TensorProto* tensor = c.tensor(name);
  if (tensor == nullptr) return {};
  return c.known_numbers(c.constant(*tensor), name);
}

}  // namespace

void convert_tree_ensemble(Call& c) {
  const ValueId x = c.in(0);
  const Ints features = c.integers("nodes_featureids"), yes = c.small_integers("nodes_truenodeids");
  const Ints no = c.small_integers("nodes_falsenodeids"), yes_leaf = c.integers("nodes_trueleafs");
  const Ints no_leaf = c.integers("nodes_falseleafs"), targets = c.integers("leaf_targetids");
  const std::vector<double> splits = tensor_numbers(c, "nodes_splits"),
                            modes = tensor_numbers(c, "nodes_modes");
  const std::vector<double> weights = tensor_numbers(c, "leaf_weights"),
                            sets = tensor_numbers(c, "membership_values");
  const size_t nodes = features.size(), leaves = targets.size();
  const Ints missing = c.integers("nodes_missing_value_tracks_true", Ints(nodes, 0));
  if (!c.ok()) return;
  if (yes.size() != nodes || no.size() != nodes || yes_leaf.size() != nodes || no_leaf.size() != nodes ||
      splits.size() != nodes || modes.size() != nodes || weights.size() != leaves || missing.size() != nodes)
    return c.invalid("its lists of nodes and leaves differ in length");
  Forest f;
  const auto child = [&](int64_t id, int64_t is_leaf) {
    return is_leaf != 0 ? id + static_cast<int64_t>(nodes) : id;
  };
  size_t set = 0;
  for (size_t i = 0; i < nodes; ++i) {
    if (!(modes[i] >= 0 && modes[i] <= 6)) return c.invalid("an unknown mode of a node");
    f.add(features[i], splits[i], static_cast<Branch>(static_cast<int64_t>(modes[i])),
          child(yes[i], yes_leaf[i]), child(no[i], no_leaf[i]), missing[i]);
    if (modes[i] != static_cast<double>(Branch::member)) continue;
    for (; set < sets.size() && !std::isnan(sets[set]); ++set) f.members.back().push_back(sets[set]);
    ++set;
  }
  for (size_t i = 0; i < leaves; ++i)
    f.weights[static_cast<size_t>(f.add_leaf())].push_back({targets[i], weights[i]});
  // A leaf is a node that leads to itself: what compares there does not matter.
  if (!modes.empty())
    for (size_t i = nodes; i < f.modes.size(); ++i) f.modes[i] = f.modes[0];
  f.roots = c.integers("tree_roots");
  f.targets = c.integer("n_targets", 1);
  f.aggregate = static_cast<Aggregate>(c.integer("aggregate_function", 1));
  const ValueId y = evaluate_forest(c, x, f);
  c.out(0, transformed(c, y, fmt::to_string(c.integer("post_transform", 0))));
}

void convert_tree_ensemble_regressor(Call& c) {
  const ValueId x = cast(c, c.in(0), DType::f32);
  const Ints trees = c.integers("nodes_treeids"), ids = c.integers("nodes_nodeids"),
             features = c.integers("nodes_featureids");
  const Ints yes = c.integers("nodes_truenodeids"), no = c.integers("nodes_falsenodeids");
  const std::vector<std::string> modes = c.texts("nodes_modes");
  const std::vector<float> splits = c.numbers("nodes_values"), weights = c.numbers("target_weights");
  const Ints target_trees = c.integers("target_treeids"), target_nodes = c.integers("target_nodeids");
  const Ints targets = c.integers("target_ids");
  const size_t nodes = trees.size();
  const Ints missing = c.integers("nodes_missing_value_tracks_true", Ints(nodes, 0));
  if (!c.ok()) return;
  if (ids.size() != nodes || features.size() != nodes || yes.size() != nodes || no.size() != nodes ||
      modes.size() != nodes || splits.size() != nodes || target_trees.size() != targets.size() ||
      target_nodes.size() != targets.size() || weights.size() != targets.size() || missing.size() != nodes)
    return c.invalid("its lists of nodes and targets differ in length");
  std::map<std::pair<int64_t, int64_t>, int64_t> place;
  for (size_t i = 0; i < nodes; ++i) place.emplace(std::pair{trees[i], ids[i]}, static_cast<int64_t>(i));
  const auto at = [&](int64_t tree, int64_t id) {
    const auto it = place.find({tree, id});
    return it == place.end() ? int64_t{-1} : it->second;
  };
  constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                         "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
  Forest f;
  std::set<int64_t> seen;
  for (size_t i = 0; i < nodes; ++i) {
    const auto own = static_cast<int64_t>(i);
    if (seen.insert(trees[i]).second) f.roots.push_back(own);  // a tree begins with its root
    if (modes[i] == "LEAF") {
      f.add_leaf();
      continue;
    }
    const auto mode = std::ranges::find(kModes, modes[i]);
    if (mode == std::end(kModes)) return c.invalid(fmt::format("the mode {}", modes[i]));
    f.add(features[i], static_cast<double>(splits[i]), static_cast<Branch>(mode - std::begin(kModes)),
          at(trees[i], yes[i]), at(trees[i], no[i]), missing[i]);
  }
  const auto branch = std::ranges::find_if(modes, [](const std::string& mode) { return mode != "LEAF"; });
  for (size_t i = 0; i < nodes && branch != modes.end(); ++i)
    if (modes[i] == "LEAF") f.modes[i] = f.modes[static_cast<size_t>(branch - modes.begin())];
  for (size_t i = 0; i < targets.size(); ++i) {
    const int64_t node = at(target_trees[i], target_nodes[i]);
    if (node < 0) return c.invalid("a target of a node that there is not");
    f.weights[static_cast<size_t>(node)].push_back({targets[i], static_cast<double>(weights[i])});
  }
  f.targets = c.integer("n_targets", 1);
  const std::string aggregate = c.text("aggregate_function", "SUM");
  f.aggregate = aggregate == "AVERAGE" ? Aggregate::average
                : aggregate == "MIN"   ? Aggregate::min
                : aggregate == "MAX"   ? Aggregate::max
                                       : Aggregate::sum;
  ValueId y = evaluate_forest(c, x, f);
  if (const std::vector<float> base = c.numbers("base_values"); !base.empty() && c.ok()) {
    if (static_cast<int64_t>(base.size()) != f.targets)
      return c.invalid("base_values do not fit the targets");
    const ValueId offsets =
        c.constant(DType::f32, {f.targets}, std::vector<double>(base.begin(), base.end()));
    y = add(c, y, offsets);
  }
  c.out(0, transformed(c, y, c.text("post_transform", "NONE")));
}

void convert_binarizer(Call& c) {
  const ValueId x = c.in(0);
  if (c.ok()) c.out(0, emit(c, convert(less(c.number("threshold", 0), x), c.dtype(x))));
}

void convert_array_feature_extractor(Call& c) {
  const ValueId x = c.in(0);
  const ValueId given = c.in(1);
  if (!c.ok()) return;
  Ints shape = c.shape(x);
  const int64_t count = element_count(c.shape(given));
  if (shape.empty()) return c.invalid("its input is a scalar");
  const ValueId indices = reshape(c, given, {count});
  const ValueId y = c.emit(Op::gather, {x, indices}, graph::AxisAttributes{c.rank(x) - 1});
  if (shape.size() == 1) return c.out(0, reshape(c, y, {1, count}));
  c.out(0, y);
}

/// (x - offset) * scale, per feature
void convert_scaler(Call& c) {
  const ValueId x = cast(c, c.in(0), DType::f32);
  const auto list = [&](std::string_view name, double fallback) {
    std::vector<float> values = c.numbers(name);
    if (values.empty()) values.push_back(static_cast<float>(fallback));
    return c.constant(DType::f32, {static_cast<int64_t>(values.size())},
                      std::vector<double>(values.begin(), values.end()));
  };
  const ValueId offset = list("offset", 0), scale = list("scale", 1);
  c.out(0, emit(c, (Term(x) - offset) * scale));
}

void convert_linear_regressor(Call& c) {
  const ValueId x = cast(c, c.in(0), DType::f32);
  const std::vector<float> weights = c.numbers("coefficients"), offsets = c.numbers("intercepts");
  const int64_t targets = c.integer("targets", 1);
  if (!c.ok()) return;
  if (c.rank(x) != 2 || targets < 1 || targets > static_cast<int64_t>(weights.size()) ||
      static_cast<int64_t>(weights.size()) != targets * c.shape(x)[1])
    return c.invalid("the coefficients do not fit the input");
  const ValueId rows =
      c.constant(DType::f32, {targets, c.shape(x)[1]}, std::vector<double>(weights.begin(), weights.end()));
  const ValueId columns = transpose(c, rows, {1, 0});
  ValueId y = c.emit(Op::matmul, {x, columns});
  if (!offsets.empty()) {
    const ValueId more = c.constant(DType::f32, {static_cast<int64_t>(offsets.size())},
                                    std::vector<double>(offsets.begin(), offsets.end()));
    y = add(c, y, more);
  }
  c.out(0, transformed(c, y, c.text("post_transform", "NONE")));
}

}  // namespace weft::onnx
