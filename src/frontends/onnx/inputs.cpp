#include "frontends/onnx/inputs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "frontends/onnx/importer.hpp"

namespace weft::onnx {

namespace {

using Inputs = std::vector<const ValueInfoProto*>;

/// The extent, or nullopt for one that the user has to give.
std::optional<ExtentRange> resolve(const Dimension& dimension, const ReadOptions& options) {
  if (dimension.value) return dimension.value;
  const auto it = options.dims.find(dimension.parameter);
  if (it != options.dims.end()) return it->second;
  return std::nullopt;
}

Result<void> check_options(const Inputs& inputs, const ReadOptions& options) {
  std::set<std::string_view> names, parameters;
  for (const ValueInfoProto* input : inputs) {
    names.insert(input->name);
    for (const Dimension& dimension : input->dims)
      if (!dimension.parameter.empty()) parameters.insert(dimension.parameter);
  }
  for (const auto& [name, shape] : options.shapes)
    if (!names.contains(name))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--shape names the input \"{}\"; the model has \"{}\"", name,
                              fmt::join(names, "\", \"")));
  for (const auto& [name, values] : options.constants)
    if (name != kSeedInput && !names.contains(name))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--constant names the input \"{}\"; the model has \"{}\"", name,
                              fmt::join(names, "\", \"")));
  for (const auto& [name, extent] : options.dims)
    if (!parameters.contains(name))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--dim names \"{}\"; {}", name,
                              parameters.empty()
                                  ? "the model's inputs have no symbolic dimensions"
                                  : fmt::format("the model has \"{}\"", fmt::join(parameters, "\", \""))));
  return {};
}

bool is_resolved(const ValueInfoProto& input, const ReadOptions& options) {
  if (options.shapes.contains(input.name)) return true;
  for (const Dimension& dimension : input.dims)
    if (!resolve(dimension, options)) return false;
  return input.has_shape;
}

/// Every input with its shape, and what to pass for those that are not known.
Error unresolved_error(const Inputs& inputs, const ReadOptions& options) {
  std::vector<std::string> shapes, choices;
  std::set<std::string> parameters;
  bool all_named = true;
  for (const ValueInfoProto* input : inputs) {
    shapes.push_back(fmt::format("\"{}\" is {}", input->name, describe(*input)));
    if (is_resolved(*input, options)) continue;
    std::vector<std::string> extents;
    all_named &= input->has_shape;
    for (const Dimension& dimension : input->dims) {
      const std::optional<ExtentRange> extent = resolve(dimension, options);
      extents.push_back(extent ? describe(*extent) : "N");
      if (extent) continue;
      all_named &= !dimension.parameter.empty();
      parameters.insert(dimension.parameter);
    }
    choices.push_back(fmt::format("--shape {}={}", input->name,
                                  input->has_shape ? fmt::format("{}", fmt::join(extents, "x")) : "NxN"));
  }
  std::string how = fmt::format("{}", fmt::join(choices, " "));
  if (all_named) {
    std::vector<std::string> dims;
    for (const std::string& parameter : parameters) dims.push_back(fmt::format("--dim {}=N", parameter));
    how = fmt::format("{} or {}", fmt::join(dims, " "), how);
  }
  return {
      ErrorKind::invalid_argument,
      fmt::format("some extents of the inputs are not known: {}; give them with {}, where N is an extent, "
                  "or a range like 1..512",
                  fmt::join(shapes, ", "), how),
      {}};
}

class Resolver {
 public:
  Resolver(const ReadOptions& options, Dimensions& dimensions) : options_(options), dimensions_(dimensions) {}

  Result<graph::Type> input(const ValueInfoProto& input);

 private:
  /// The extent; that of the dimension for a range.
  Result<expr::Expr> extent(const ValueInfoProto& input, size_t axis, const ExtentRange& range,
                            bool by_dimension) {
    if (range.is_one()) return expr::Expr(range.min);
    if (range.min > range.max || range.min < 0 || range.step < 1 || range.min % range.step != 0 ||
        range.max % range.step != 0)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("{} is no range of extents: both ends are multiples of the step, the first is "
                              "the lesser",
                              describe(range)),
                  input.name);
    const std::string& parameter = by_dimension ? input.dims[axis].parameter : input.name;
    if (by_dimension)
      return dimensions_.extent("=" + parameter, fmt::format("dim \"{}\"", parameter), parameter, range);
    return dimensions_.extent(fmt::format("{}/{}", input.name, axis),
                              fmt::format("axis {} of input \"{}\"", axis, input.name),
                              fmt::format("{}_{}", input.name, axis), range);
  }

  const ReadOptions& options_;
  Dimensions& dimensions_;
};

Result<graph::Type> Resolver::input(const ValueInfoProto& input) {
  const std::optional<DType> dtype = dtype_of(input.data_type);
  if (!dtype)
    return fail(ErrorKind::unsupported,
                fmt::format("the input's element type is {}", data_type_name(input.data_type)), input.name);
  std::vector<ExtentRange> ranges;
  const auto given = options_.shapes.find(input.name);
  const bool by_dimension = given == options_.shapes.end();
  if (!by_dimension) {
    ranges = given->second;
    if (input.has_shape && ranges.size() != input.dims.size())
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--shape gives {} extents; the input is {}", ranges.size(), describe(input)),
                  input.name);
  } else {
    for (const Dimension& dimension : input.dims) ranges.push_back(*resolve(dimension, options_));
  }
  graph::Shape shape;
  Ints greatest;
  for (size_t axis = 0; axis < ranges.size(); ++axis) {
    WEFT_ASSIGN(e, extent(input, axis, ranges[axis], by_dimension));
    shape.push_back(std::move(e));
    greatest.push_back(ranges[axis].max);
  }
  auto checked = checked_bytes(greatest, *dtype, kMaxTensorBytes, "the input");
  if (!checked) {
    checked.error().node = input.name;
    return std::unexpected<Error>(std::move(checked.error()));
  }
  return graph::Type{*dtype, std::move(shape)};
}

}  // namespace

namespace {

/// --sequence and --absent name inputs that are what they say.
Result<void> check_structure(const Inputs& inputs, const ReadOptions& options) {
  const auto find = [&](std::string_view name) {
    const auto it = std::ranges::find(inputs, name, [](const ValueInfoProto* input) { return input->name; });
    return it == inputs.end() ? nullptr : *it;
  };
  for (const auto& [name, count] : options.sequences) {
    const ValueInfoProto* input = find(name);
    if (input == nullptr || !input->is_sequence)
      return fail(
          ErrorKind::invalid_argument,
          fmt::format("--sequence names \"{}\", which is no input of the model that is a sequence", name));
    if (count < 0 || count > kMaxSequence)
      return fail(ErrorKind::limit,
                  fmt::format("--sequence {}={}: at most {} tensors", name, count, kMaxSequence));
  }
  for (const std::string& name : options.absent) {
    const ValueInfoProto* input = find(name);
    if (input == nullptr || !input->is_optional)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--absent names \"{}\", which is no optional input of the model", name));
  }
  return {};
}

}  // namespace

Result<std::vector<ValueInfoProto>> tensor_inputs(const Inputs& inputs, const ReadOptions& options) {
  WEFT_TRY(check_structure(inputs, options));
  std::vector<std::string> unknown;
  std::vector<ValueInfoProto> out;
  for (const ValueInfoProto* input : inputs) {
    if (options.absent.contains(input->name)) continue;
    if (input->is_tensor) {
      out.push_back(*input);
      continue;
    }
    if (!input->is_sequence)
      return fail(ErrorKind::unsupported, "the input is neither a tensor nor a sequence of tensors",
                  input->name);
    const auto count = options.sequences.find(input->name);
    if (count == options.sequences.end()) unknown.push_back(fmt::format("--sequence {}=N", input->name));
    for (int64_t i = 0; count != options.sequences.end() && i < count->second; ++i) {
      out.push_back(*input);
      out.back().name = fmt::format("{}.{}", input->name, i);
      out.back().is_tensor = true;
      out.back().is_sequence = false;
    }
  }
  if (!unknown.empty())
    return fail(ErrorKind::invalid_argument,
                fmt::format("the number of tensors in the sequences is not known: give it with {}",
                            fmt::join(unknown, " ")));
  std::set<std::string_view> names;
  for (const ValueInfoProto& input : out)
    if (!names.insert(input.name).second)
      return fail(ErrorKind::unsupported, "two inputs would have this name", input.name);
  return out;
}

std::string describe(const ValueInfoProto& value) {
  if (!value.is_tensor && !value.is_sequence) return "not a tensor";
  if (value.is_optional || value.is_sequence) {
    ValueInfoProto tensor = value;
    tensor.is_tensor = true;
    tensor.is_sequence = tensor.is_optional = false;
    return fmt::format("{}{}{}", value.is_optional ? "optional " : "",
                       value.is_sequence ? "sequence of " : "", describe(tensor));
  }
  const std::optional<DType> dtype = dtype_of(value.data_type);
  const std::string name = value.data_type == kString ? "string"
                           : dtype                    ? std::string(to_string(*dtype))
                                                      : data_type_name(value.data_type);
  if (!value.has_shape) return name + " of any shape";
  std::vector<std::string> extents;
  for (const Dimension& dimension : value.dims)
    extents.push_back(dimension.value               ? fmt::to_string(*dimension.value)
                      : dimension.parameter.empty() ? "?"
                                                    : dimension.parameter);
  return fmt::format("{}[{}]", name, fmt::join(extents, ", "));
}

Result<std::vector<graph::Type>> resolve_inputs(const Inputs& inputs, const ReadOptions& options,
                                                Dimensions& dimensions) {
  WEFT_TRY(check_options(inputs, options));
  for (const ValueInfoProto* input : inputs)
    if (!is_resolved(*input, options)) return std::unexpected<Error>(unresolved_error(inputs, options));
  std::vector<graph::Type> types;
  Resolver resolver(options, dimensions);
  for (const ValueInfoProto* input : inputs) {
    WEFT_ASSIGN(type, resolver.input(*input));
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace weft::onnx
