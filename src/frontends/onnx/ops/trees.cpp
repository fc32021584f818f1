// Tree ensembles of ai.onnx.ml.
//
// A tree is walked in all rows at once: each step gathers the feature, the split and the children of the node
// where a row stands. Leaves lead to themselves, so that as many steps as the deepest tree has levels do for
// all.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/ml.hpp"
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
    Dims shape = c.dims(held);
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
  const Dims shape = c.dims(x);
  const std::optional<int64_t> depth = depth_of(f);
  if (shape.size() != 2 || !depth || f.roots.empty()) {
    c.invalid("its trees are no trees, or its input is no matrix");
    return kNoValue;
  }
  const auto [least, most] = std::ranges::minmax(f.features);
  if (!c.require(expr::logical_and(expr::less_equal(0, least), expr::less(most, shape[1])),
                 fmt::format("the features {} to {} of {}", least, most, expr::print(shape[1]))))
    return kNoValue;
  const auto trees = static_cast<int64_t>(f.roots.size()), nodes = static_cast<int64_t>(f.features.size());
  const Dims all = {shape[0], trees};
  const ValueId features = cast(c, c.vector(f.features), DType::i32),
                yes = cast(c, c.vector(f.yes), DType::i32);
  const ValueId no = cast(c, c.vector(f.no), DType::i32), roots = cast(c, c.vector(f.roots), DType::i32);
  const ValueId splits = c.constant(c.dtype(x), {nodes}, f.splits);
  const ValueId flat = reshape(c, x, {element_count(shape)});
  const Term width = number(c, shape[1]);
  ValueId at = expand(c, roots, all);
  for (int64_t level = 0; level < *depth && c.ok(); ++level) {
    const ValueId feature = emit(c, gather(features, at));
    const ValueId value = emit(c, gather(flat, iota(all, 0) * width + feature));
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
  constexpr std::string_view kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  const int64_t transform = c.integer("post_transform", 0);
  if (transform < 0 || transform > 4) return c.invalid(fmt::format("post_transform = {}", transform));
  c.out(0, transformed(c, y, std::string(kTransforms[transform])));
}

namespace {

/// A list of floats, or since version 3 the tensor in its place.
std::vector<double> numbers_of(Call& c, const std::string& name) {
  const std::vector<float> floats = c.numbers(name);
  return floats.empty() ? tensor_numbers(c, name + "_as_tensor")
                        : std::vector<double>(floats.begin(), floats.end());
}

/// The forest of a TreeEnsembleRegressor or -Classifier, whose leaves have weights for what `kind`_ids name.
Forest read_forest(Call& c, const std::string& kind) {
  const Ints trees = c.integers("nodes_treeids"), ids = c.integers("nodes_nodeids"),
             features = c.integers("nodes_featureids");
  const Ints yes = c.integers("nodes_truenodeids"), no = c.integers("nodes_falsenodeids");
  const std::vector<std::string> modes = c.texts("nodes_modes");
  const std::vector<double> splits = numbers_of(c, "nodes_values"),
                            weights = numbers_of(c, kind + "_weights");
  const Ints owner_trees = c.integers(kind + "_treeids"), owner_nodes = c.integers(kind + "_nodeids");
  const Ints targets = c.integers(kind + "_ids");
  const size_t nodes = trees.size();
  const Ints missing = c.integers("nodes_missing_value_tracks_true", Ints(nodes, 0));
  Forest f;
  if (ids.size() != nodes || features.size() != nodes || yes.size() != nodes || no.size() != nodes ||
      modes.size() != nodes || splits.size() != nodes || owner_trees.size() != targets.size() ||
      owner_nodes.size() != targets.size() || weights.size() != targets.size() || missing.size() != nodes)
    c.invalid("its lists of nodes and weights differ in length");
  if (!c.ok()) return f;
  std::map<std::pair<int64_t, int64_t>, int64_t> place;
  for (size_t i = 0; i < nodes; ++i) place.emplace(std::pair{trees[i], ids[i]}, static_cast<int64_t>(i));
  const auto at = [&](int64_t tree, int64_t id) {
    const auto it = place.find({tree, id});
    return it == place.end() ? int64_t{-1} : it->second;
  };
  constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                         "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
  std::set<int64_t> seen;
  for (size_t i = 0; i < nodes && c.ok(); ++i) {
    const auto own = static_cast<int64_t>(i);
    if (seen.insert(trees[i]).second) f.roots.push_back(own);  // a tree begins with its root
    if (modes[i] == "LEAF") {
      f.add_leaf();
      continue;
    }
    const auto mode = std::ranges::find(kModes, modes[i]);
    if (mode == std::end(kModes)) c.invalid(fmt::format("the mode {}", modes[i]));
    else
      f.add(features[i], splits[i], static_cast<Branch>(mode - std::begin(kModes)), at(trees[i], yes[i]),
            at(trees[i], no[i]), missing[i]);
  }
  const auto branch = std::ranges::find_if(modes, [](const std::string& mode) { return mode != "LEAF"; });
  for (size_t i = 0; i < f.modes.size() && branch != modes.end(); ++i)
    if (modes[i] == "LEAF") f.modes[i] = f.modes[static_cast<size_t>(branch - modes.begin())];
  for (size_t i = 0; i < targets.size() && c.ok(); ++i) {
    const int64_t node = at(owner_trees[i], owner_nodes[i]);
    if (node < 0) c.invalid("a weight of a node that there is not");
    else f.weights[static_cast<size_t>(node)].push_back({targets[i], weights[i]});
  }
  return f;
}

/// The features: doubles stay doubles, all else is f32.
ValueId features_of(Call& c) {
  const ValueId x = c.in(0);
  return c.dtype(x) == DType::f64 ? x : cast(c, x, DType::f32);
}

/// [rows, n] + the n numbers.
ValueId with_offsets(Call& c, ValueId scores, const std::vector<double>& offsets) {
  if (!c.ok() || offsets.empty()) return scores;
  const ValueId list = c.constant(c.dtype(scores), {static_cast<int64_t>(offsets.size())}, offsets);
  return add(c, scores, list);
}

}  // namespace

void convert_tree_ensemble_regressor(Call& c) {
  const ValueId x = features_of(c);
  Forest f = read_forest(c, "target");
  f.targets = c.integer("n_targets", 1);
  const std::string aggregate = c.text("aggregate_function", "SUM");
  f.aggregate = aggregate == "AVERAGE" ? Aggregate::average
                : aggregate == "MIN"   ? Aggregate::min
                : aggregate == "MAX"   ? Aggregate::max
                                       : Aggregate::sum;
  const ValueId sums = evaluate_forest(c, x, f);
  const std::vector<double> base = numbers_of(c, "base_values");
  if (!base.empty() && static_cast<int64_t>(base.size()) != f.targets)
    return c.invalid("base_values do not fit the targets");
  const ValueId y = cast(c, with_offsets(c, sums, base), DType::f32);
  c.out(0, transformed(c, y, c.text("post_transform", "NONE")));
}

namespace {

struct Classified {
  ValueId index = kNoValue;   ///< of the label, [rows]
  ValueId scores = kNoValue;  ///< [rows, classes]
};

/// Two classes whose leaves vote for one of them: the sum is a score for the second class, above 0.5 where no
/// weight is negative (then it is a probability), above 0 else.
Classified by_one_score(Call& c, ValueId score, bool are_probabilities, const std::string& transform) {
  const ValueId column = reshape(c, score, {c.dims(score)[0]});
  Classified result;
  result.index = emit(c, convert(less(are_probabilities ? 0.5 : 0.0, column), DType::i32));
  result.scores = scores_of_two(c, score, are_probabilities, transform);
  return result;
}

/// ONNX leaves open what two classes mean; as ONNX Runtime has it.
Classified of_two(Call& c, ValueId sums, const std::set<int64_t>& voted, bool are_probabilities,
                  const std::vector<double>& base, const std::string& transform) {
  const auto column = [&](int64_t i) { return slice(c, sums, {0, i}, {1, 1}, {c.dims(sums)[0], 1}); };
  const bool has_second = voted.contains(1);
  Classified result;
  if (!has_second && base.size() != 2) {
    ValueId score = column(0);
    if (!base.empty()) score = add(c, score, base[0]);
    if (voted.size() == 1) return by_one_score(c, score, are_probabilities, transform);
    c.invalid("no leaf votes");
    return result;
  }
  ValueId scores = sums;
  if (base.size() == 2 && has_second) {
    scores = scores_of_two(c, add(c, column(0), base[1]), false, "NONE");
  } else if (!base.empty()) {
    scores = with_offsets(c, sums, base.size() == 2 ? base : std::vector<double>{base[0], 0});
  }
  const int64_t decisive = has_second ? 1 : 0;
  const ValueId score = slice(c, scores, {0, decisive}, {1, 1}, {c.dims(sums)[0], 1});
  const double threshold = voted.size() == 1 && are_probabilities ? 0.5 : 0.0;
  result.index = emit(c, convert(less(threshold, reshape(c, score, {c.dims(sums)[0]})), DType::i32));
  result.scores = transformed(c, scores, transform);
  return result;
}

/// The class with the greatest score, among those for which some leaf votes or that have a base value.
Classified of_many(Call& c, ValueId sums, std::set<int64_t> voted, const std::vector<double>& base,
                   const std::string& transform) {
  const int64_t classes = *c.dims(sums)[1].as_constant();
  std::vector<double> offsets = base;
  offsets.resize(static_cast<size_t>(classes), 0.0);
  for (size_t k = 0; k < base.size(); ++k) voted.insert(static_cast<int64_t>(k));
  const ValueId scores = base.empty() ? sums : with_offsets(c, sums, offsets);
  ValueId candidates = scores;
  if (static_cast<int64_t>(voted.size()) < classes) {
    std::vector<double> lowest(static_cast<size_t>(classes), -HUGE_VAL);
    for (const int64_t k : voted) lowest[static_cast<size_t>(k)] = 0;
    candidates = with_offsets(c, scores, lowest);
  }
  return {winner(c, candidates), transformed(c, scores, transform)};
}

}  // namespace

void convert_tree_ensemble_classifier(Call& c) {
  const ValueId x = features_of(c);
  Forest f = read_forest(c, "class");
  const Labels labels = class_labels(c);
  const std::vector<double> base = numbers_of(c, "base_values");
  const std::string transform = c.text("post_transform", "NONE");
  f.targets = static_cast<int64_t>(labels.size());
  if (c.ok() && labels.size() < 2) return c.unsupported(fmt::format("{} classes", labels.size()));
  const ValueId sums = cast(c, evaluate_forest(c, x, f), DType::f32);
  if (!c.ok()) return;
  if (base.size() > labels.size()) return c.invalid("base_values do not fit the classes");
  std::set<int64_t> voted;
  bool are_probabilities = true;
  for (const auto& leaf : f.weights)
    for (const auto& [target, weight] : leaf) {
      voted.insert(target);
      are_probabilities = are_probabilities && weight >= 0;
    }
  const Classified result = labels.size() == 2 ? of_two(c, sums, voted, are_probabilities, base, transform)
                                               : of_many(c, sums, voted, base, transform);
  c.out(0, labels_at(c, labels, result.index));
  c.out(1, result.scores);
}

void convert_array_feature_extractor(Call& c) {
  const ValueId x = c.in(0);
  const ValueId given = c.in(1);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  const expr::Expr count = element_count(c.dims(given));
  if (shape.empty()) return c.invalid("its input is a scalar");
  const ValueId indices = reshape(c, given, {count});
  c.check_indices(indices, c.dims(x).back());
  const ValueId y = c.emit(Op::gather, {x, indices}, graph::AxisAttributes{c.rank(x) - 1});
  if (shape.size() == 1) return c.out(0, reshape(c, y, {1, count}));
  c.out(0, y);
}

}  // namespace weft::onnx
