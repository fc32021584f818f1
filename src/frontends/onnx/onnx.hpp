// ONNX model files -> Graph IR. Every extent is a constant, or depends on symbols that have a range, once the
// options are applied; operators are decomposed into the graph's, exactly as the model's opset defines them;
// what is known at import (shapes above all) is computed here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.hpp"
#include "graph/graph.hpp"

namespace weft::onnx {

/// What a dimension may be: min, min + step, … max. One extent when min is max.
struct ExtentRange {
  ExtentRange(int64_t extent = 1) : min(extent), max(extent) {}  // NOLINT: an extent is a range
  ExtentRange(int64_t least, int64_t most, int64_t step_) : min(least), max(most), step(step_) {}
  int64_t min, max, step = 1;
  bool is_one() const { return min == max; }
};

/// The input that models with random operators without a seed get: i32[], another one for each run.
inline constexpr std::string_view kSeedInput = "random.seed";

struct ReadOptions {
  /// Symbolic dimension -> its extents (--dim batch=1, --dim seq=1..512, --dim h=32..1920:32)
  std::map<std::string, ExtentRange, std::less<>> dims;
  /// Input name -> shape (--shape x=1x3x48x32..960:32); wins over dims
  std::map<std::string, std::vector<ExtentRange>, std::less<>> shapes;
  /// Input name -> its elements, or one for all (--constant sr=16000): then it is no input any more.
  std::map<std::string, std::vector<double>, std::less<>> constants = {};
  /// Input -> how many tensors the sequence has (--sequence xs=3): the inputs "xs.0", "xs.1", …
  std::map<std::string, int64_t, std::less<>> sequences = {};
  /// Optional inputs that hold nothing (--absent mask).
  std::set<std::string, std::less<>> absent = {};
  /// First output of a node -> the greatest extents that data decides of it, one for all or each (--bound
  /// y=100); under "" the default (--bound 100).
  std::map<std::string, graph::Ints, std::less<>> bounds = {};
  /// Opens a file of external data, given its path relative to the model. Absolute paths and `..` never reach
  /// it; it must still refuse what leaves the model's folder by a link. Without it external data is an error.
  std::function<Result<std::shared_ptr<const Source>>(std::string_view relative_path)> open_external;
};

struct Metadata {
  std::string producer, producer_version;
  int64_t ir_version = 0;
  std::map<std::string, int64_t> opsets;  ///< by domain; "" is ONNX's own
};

struct Import {
  graph::Graph graph;
  Blobs blobs;  ///< the given ones, then the external data files in the order of their first use
  Metadata metadata;
  /// What the model leaves of the ranges that the options give, one a dimension: `dim "x": 2..6 becomes 4
  /// (else, node "conv1": …)`.
  std::vector<std::string> notes;
};

/// Reads the model in blobs[0]. A value that a node of the model produces keeps its ONNX name.
/// Errors: invalid_model (malformed, cyclic, contradictory; names the node), unsupported (all unknown
/// operators and all nodes that weft refuses, at once), invalid_argument (options; unresolved
/// dimensions, all at once), not_found (external data), limit (an extent above 2^40, a tensor above 4 GiB, a
/// result above 2 GiB).
Result<Import> read_onnx(const Blobs& blobs, const ReadOptions& options);

/// What weft does not do of a model: an operator that no rule covers, or nodes that their rule refuses for
/// one reason.
struct Unsupported {
  std::string domain, op;
  int64_t version = 0;  ///< of the operator set that the model asks for; 0 when it asks for none
  uint64_t count = 0;
  std::vector<std::string> nodes;  ///< all of them
  std::string reason = {};         ///< empty: no rule covers the operator
};

/// What `inspect` shows, even when the model cannot be imported.
struct Summary {
  struct Port {
    std::string name, type;  ///< "f32[batch, 3, ?, 320]"
  };
  Metadata metadata;
  std::vector<Port> inputs, outputs;
  std::map<std::string, uint64_t> operators;  ///< counts by "domain.Op", or "Op" in ONNX's own domain
  std::vector<Unsupported> unsupported;
};
Result<Summary> summarize_onnx(const Blobs& blobs, const ReadOptions& options);

/// All operators of the model in blobs[0] that no rule covers, in order of first appearance; then, where the
/// options resolve the inputs, the nodes that weft refuses, without those that depend on them.
Result<std::vector<Unsupported>> find_unsupported(const Blobs& blobs, const ReadOptions& options);

}  // namespace weft::onnx
