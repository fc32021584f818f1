// Inputs by the words of --input.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cli/tensors.hpp"

namespace weft::cli {
namespace {

using graph::Tensor;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::invalid_argument, std::move(message));
}

std::string named(const TensorPort& port) { return fmt::format("input \"{}\": ", port.name); }

/// The same numbers for a seed everywhere (mulberry32), in [0, 1).
class Generator {
 public:
  explicit Generator(uint32_t seed) : state_(seed) {}
  double next() {
    state_ += 0x6d2b79f5;
    uint32_t t = (state_ ^ (state_ >> 15)) * (1 | state_);
    t = (t + (t ^ (t >> 7)) * (61 | t)) ^ t;
    return (t ^ (t >> 14)) * 0x1p-32;
  }

 private:
  uint32_t state_;
};

/// Floats in [-1, 1), integers 0 or 1, so that they are good as indices.
Tensor random(const TensorPort& port, uint32_t seed) {
  Generator generator(seed);
  Tensor tensor{port.dtype, port.shape, {}};
  const uint64_t count = element_count(port.shape);
  tensor.bytes.reserve(count * byte_size(port.dtype));
  for (uint64_t i = 0; i < count; ++i) {
    const double value = 2 * generator.next();
    append_element(tensor.bytes, port.dtype, is_float(port.dtype) ? value - 1 : std::floor(value));
  }
  return tensor;
}

/// "random" or "random:SEED", for the input at `index`; a number as JavaScript turns it into 32 bits.
std::optional<uint32_t> seed_of(const std::string& text, size_t index) {
  constexpr std::string_view kRandom = "random";
  if (!text.starts_with(kRandom)) return std::nullopt;
  if (text.size() == kRandom.size()) return static_cast<uint32_t>(1 + index);
  const std::string digits = text.substr(kRandom.size() + 1);
  if (text[kRandom.size()] != ':' || digits.empty() ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const double seed = std::strtod(digits.c_str(), nullptr) + static_cast<double>(index);
  if (!std::isfinite(seed)) return 0;
  return static_cast<uint32_t>(seed - std::floor(seed / 0x1p32) * 0x1p32);
}

bool has_ending(const std::string& text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  return std::equal(
      ending.begin(), ending.end(), text.end() - static_cast<std::ptrdiff_t>(ending.size()),
      [](char wanted, char got) { return wanted == (got >= 'A' && got <= 'Z' ? got + 32 : got); });
}

void flatten(const ordered_json& value, std::vector<const ordered_json*>& out) {
  std::vector<const ordered_json*> left = {&value};
  while (!left.empty()) {
    const ordered_json* item = left.back();
    left.pop_back();
    if (!item->is_array()) out.push_back(item);
    else
      for (size_t i = item->size(); i > 0; --i) left.push_back(&(*item)[i - 1]);
  }
}

/// Integers are what JavaScript's numbers hold exactly.
bool is_of_type(const ordered_json& value, DType dtype) {
  if (value.is_boolean()) return true;
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  return is_float(dtype) || (std::floor(number) == number && std::fabs(number) <= 0x1p53 - 1);
}

/// Numbers, in any nesting, as many as the greatest extents have.
Result<Tensor> from_json(const TensorPort& port, const std::string& file, std::span<const uint8_t> bytes) {
  const ordered_json parsed = parse_json(bytes);
  if (parsed.is_discarded()) return wrong(named(port) + file + " is no JSON");
  std::vector<const ordered_json*> values;
  flatten(parsed, values);
  const uint64_t count = element_count(port.shape);
  if (values.size() != count)
    return wrong(fmt::format("{}{} has {} numbers, the model wants {}, {}", named(port), file, values.size(),
                             count, shown(port)));
  Tensor tensor{port.dtype, port.shape, {}};
  for (const ordered_json* value : values) {
    if (!is_of_type(*value, port.dtype))
      return wrong(fmt::format("{}{} in {} is not of the type {}", named(port), json_text(*value), file,
                               to_string(port.dtype)));
    append_element(tensor.bytes, port.dtype,
                   value->is_boolean() ? static_cast<double>(value->get<bool>()) : value->get<double>());
  }
  return tensor;
}

Result<std::vector<uint8_t>> read_file(const TensorPort& port, const std::string& file, Host& host) {
  auto source = host.open(file);
  if (!source) return fail(source.error().kind, named(port) + source.error().message);
  std::vector<uint8_t> bytes((*source)->size());
  WEFT_TRY((*source)->read(0, bytes));
  return bytes;
}

Result<Tensor> value_of(const TensorPort& port, const std::string& text, size_t index, Host& host) {
  if (text == "zeros")
    return Tensor{port.dtype, port.shape,
                  std::vector<uint8_t>(element_count(port.shape) * byte_size(port.dtype))};
  if (const auto seed = seed_of(text, index)) return random(port, *seed);
  const bool is_npy = has_ending(text, ".npy");
  if (!is_npy && !has_ending(text, ".json"))
    return wrong(named(port) + "\"" + text +
                 "\" is neither a .npy nor a .json file, nor random[:SEED], nor zeros");
  WEFT_ASSIGN(bytes, read_file(port, text, host));
  return is_npy ? read_npy(port, text, bytes) : from_json(port, text, bytes);
}

/// The place of the input that "NAME=VALUE" means: of the longest name that fits.
std::optional<size_t> port_of(std::span<const TensorPort> ports, const std::string& text) {
  std::optional<size_t> found;
  for (size_t i = 0; i < ports.size(); ++i)
    if (text.starts_with(ports[i].name + "=") && (!found || ports[i].name.size() > ports[*found].name.size()))
      found = i;
  return found;
}

}  // namespace

std::string shown(const TensorPort& port) {
  return fmt::format("{} [{}]", to_string(port.dtype), fmt::join(port.shape, ", "));
}

Result<std::vector<Tensor>> read_inputs(std::span<const TensorPort> ports,
                                        const std::vector<std::string>& given, Host& host) {
  std::vector<std::string> texts(ports.size(), "random");
  for (const std::string& text : given) {
    if (text.find('=') == std::string::npos) return wrong("\"" + text + "\" is not of the form NAME=VALUE");
    const auto at = port_of(ports, text);
    if (!at) {
      std::vector<std::string> all;
      for (const TensorPort& port : ports) all.push_back(fmt::format("\"{}\" ({})", port.name, shown(port)));
      return wrong(fmt::format("no input for \"{}\"; the model's inputs: {}", text, fmt::join(all, ", ")));
    }
    texts[*at] = text.substr(ports[*at].name.size() + 1);
  }
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < ports.size(); ++i) {
    WEFT_ASSIGN(tensor, value_of(ports[i], texts[i], i, host));
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

}  // namespace weft::cli
