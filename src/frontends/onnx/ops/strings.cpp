#include "frontends/onnx/ops/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// Of ONNX's own domain; ids do as numbers in most.
constexpr std::string_view kTakers[] = {
    "Cast",
    "CastLike",
    "CenterCropPad",
    "Compress",
    "Concat",
    "ConcatFromSequence",
    "DepthToSpace",
    "Equal",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "Identity",
    "If",
    "Loop",
    "OneHot",
    "Optional",
    "OptionalGetElement",
    "OptionalHasElement",
    "Pad",
    "RegexFullMatch",
    "Reshape",
    "ReverseSequence",
    "Scan",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "SequenceAt",
    "SequenceConstruct",
    "SequenceErase",
    "SequenceInsert",
    "SequenceLength",
    "SequenceMap",
    "Shape",
    "Size",
    "Slice",
    "SpaceToDepth",
    "Split",
    "SplitToSequence",
    "Squeeze",
    "StringConcat",
    "StringNormalizer",
    "StringSplit",
    "TensorScatter",
    "TfIdfVectorizer",
    "Tile",
    "Transpose",
    "Unique",
    "Unsqueeze",
    "Where",
};
constexpr std::string_view kMlTakers[] = {
    "ArrayFeatureExtractor", "CategoryMapper", "LabelEncoder", "OneHotEncoder", "ZipMap",
};
static_assert(std::ranges::is_sorted(kTakers) && std::ranges::is_sorted(kMlTakers));

}  // namespace

bool takes_strings(std::string_view domain, std::string_view op) {
  if (domain.empty()) return std::ranges::binary_search(kTakers, op);
  return domain == "ai.onnx.ml" && std::ranges::binary_search(kMlTakers, op);
}

void check_strings(Call& c) {
  for (size_t i = 0; i < c.input_count(); ++i) {
    const ValueId value = c.item(i).value;
    if (value != kNoValue && c.is_string(value) && !takes_strings(c.node().domain, c.node().op_type))
      c.unsupported(fmt::format("its operand {} is a tensor of strings", i));
  }
}

ValueId places_of(Call& c, ValueId x, const std::vector<std::string>& keys) {
  Ints ids;
  for (const std::string& key : keys) ids.push_back(c.string_id(key));
  // A row for each of the model's strings up to the last key; what lies behind is none of them.
  const int64_t rows = ids.empty() ? 0 : *std::ranges::max_element(ids) + 1;
  const auto none = static_cast<double>(keys.size());
  std::vector<double> table(static_cast<size_t>(rows) + 1, none);
  for (size_t i = 0; i < ids.size(); ++i) table[static_cast<size_t>(ids[i])] = static_cast<double>(i);
  const ValueId places = c.constant(DType::i32, {rows + 1}, table);
  return emit(c, gather(places, minimum(x, static_cast<double>(rows))));
}

ValueId custom_strings(Call& c, std::string name, std::vector<std::string> arguments,
                       std::vector<ValueId> inputs, const Dims& shape, DType to) {
  if (to == DType::i32) c.string_id("");
  const ValueId y = c.emit(Op::custom, std::move(inputs),
                           graph::CustomAttributes{std::move(name), std::move(arguments), to, shape});
  if (to == DType::i32) c.set_onnx_type(y, kString);
  return y;
}

}  // namespace weft::onnx
