#include "machine/instance.hpp"

#include <algorithm>
#include <cstring>

namespace weft::machine {
namespace {

/// What step() returns.
constexpr int32_t kDone = 0, kYield = 1, kError = 4, kLoad = 5;
constexpr uint32_t kOutOfRange = 1;
constexpr uint32_t kRecordBytes = 32;

std::string shown(std::span<const uint32_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string shown(const Port& port) {
  std::string text = std::string(to_string(port.dtype)) + " [";
  for (size_t i = 0; i < port.shape.size(); ++i)
    text += (i > 0 ? ", " : "") + (port.is_open() ? port.dims[i] : std::to_string(port.shape[i]));
  return text + "]";
}

std::string range_text(const Dimension& dimension) {
  return dimension.name + " = " + std::to_string(dimension.min) + ".." + std::to_string(dimension.max) +
         (dimension.step == 1 ? "" : ":" + std::to_string(dimension.step));
}

/// Whether a port takes this shape by itself.
Outcome<void> check_shape(const Port& port, std::span<const uint32_t> shape,
                          const std::vector<Dimension>& dimensions) {
  const std::string begin = "input \"" + port.name + "\" is " + shown(port);
  if (shape.size() != port.shape.size())
    return refuse(WEFT_INVALID_ARGUMENT, begin + ", got the shape " + shown(shape));
  for (size_t i = 0; i < shape.size(); ++i) {
    const std::optional<size_t> symbol = port.is_open() ? port.symbols[i] : std::nullopt;
    if (!symbol && shape[i] != port.shape[i])
      return refuse(WEFT_INVALID_ARGUMENT, begin + ", got the shape " + shown(shape));
    if (!symbol) continue;
    const Dimension& dimension = dimensions[*symbol];
    if (shape[i] < dimension.min || shape[i] > dimension.max || shape[i] % dimension.step != 0)
      return refuse(WEFT_INVALID_ARGUMENT,
                    begin + " with " + range_text(dimension) + ", got the shape " + shown(shape));
  }
  return {};
}

uint64_t bytes_of(DType dtype, std::span<const uint32_t> shape) {
  uint64_t bytes = byte_size(dtype);
  for (const uint32_t extent : shape) bytes *= extent;
  return bytes;
}

std::string name_at(const std::vector<std::string>& nodes, uint64_t index) {
  return index < nodes.size() ? nodes[index] : "?";
}

}  // namespace

Instance::Instance(const Description& model, Code& code)
    : model_(model),
      code_(code),
      given_(model.manifest().inputs.size()),
      at_in_(model.variant().inputs),
      at_out_(model.variant().outputs) {}

Outcome<void> Instance::prepare() {
  // Of bundles of the minor version 0, whose `prepare` does not ask.
  for (const Load& load : model_.variant().weights) {
    WEFT_MACHINE_TRY(check_inside(load.address, load.bytes));
    code_.load(load.offset, load.address, load.bytes);
  }
  return execute("prepare", true);
}

Outcome<void> Instance::check_inside(uint64_t address, uint64_t bytes) const {
  const uint64_t size = code_.memory_bytes();
  if (address > size || bytes > size - address)
    return refuse(WEFT_BAD_BUNDLE, "the model points outside of its memory: " + std::to_string(bytes) +
                                       " bytes at " + std::to_string(address));
  return {};
}

Outcome<uint32_t> Instance::word(uint64_t address) {
  WEFT_MACHINE_TRY(check_inside(address, 4));
  uint8_t bytes[4];
  code_.read(address, bytes);
  uint32_t value = 0;
  std::memcpy(&value, bytes, 4);
  return value;
}

/// A record, or a context.
Outcome<std::array<uint32_t, 8>> Instance::eight_words(uint64_t address) {
  std::array<uint32_t, 8> words{};
  WEFT_MACHINE_TRY(check_inside(address, sizeof words));
  code_.read(address, {reinterpret_cast<uint8_t*>(words.data()), sizeof words});
  return words;
}

Outcome<void> Instance::write_words(uint64_t address, std::span<const uint32_t> words) {
  WEFT_MACHINE_TRY(check_inside(address, words.size_bytes()));
  code_.write(address, {reinterpret_cast<const uint8_t*>(words.data()), words.size_bytes()});
  return {};
}

/// A boolean is 0 or 1 in the model's memory.
Outcome<void> Instance::write_tensor(uint64_t address, DType dtype, std::span<const uint8_t> data) {
  WEFT_MACHINE_TRY(check_inside(address, data.size()));
  if (dtype != DType::boolean || std::ranges::all_of(data, [](uint8_t value) { return value <= 1; })) {
    code_.write(address, data);
    return {};
  }
  std::vector<uint8_t> truths(data.size());
  std::ranges::transform(data, truths.begin(), [](uint8_t value) { return uint8_t{value != 0}; });
  code_.write(address, truths);
  return {};
}

Outcome<void> Instance::execute(std::string_view name, bool loads) {
  const Variant& variant = model_.variant();
  const auto entry = std::ranges::find(variant.entries, name, &Entry::name);
  if (entry == variant.entries.end()) return {};
  const uint32_t start[8] = {entry->records};
  WEFT_MACHINE_TRY(write_words(variant.context, start));
  while (true) {
    WEFT_MACHINE_ASSIGN(result, code_.step(variant.context));
    if (result == kDone) return {};
    if (result == kError) return std::unexpected(error_cell());
    if (result == kLoad && loads) WEFT_MACHINE_TRY(load_weights());
    else if (result != kYield)
      return refuse(WEFT_UNSUPPORTED, "the model's code asks for what this runtime does not have (" +
                                          std::to_string(result) + ")");
  }
}

/// What the record in front of the next one asks for.
Outcome<void> Instance::load_weights() {
  WEFT_MACHINE_ASSIGN(next, word(model_.variant().context));
  if (next < kRecordBytes)
    return refuse(WEFT_BAD_BUNDLE, "the model's code asks for weights without a record");
  WEFT_MACHINE_ASSIGN(words, eight_words(next - kRecordBytes));
  const uint64_t offset = words[3] | uint64_t{words[4]} << 32, bytes = words[2];
  const uint64_t weights = model_.manifest().weights_bytes;
  if (offset > weights || bytes > weights - offset)
    return refuse(WEFT_BAD_BUNDLE, "the model's code asks for weights that model.weights does not have");
  WEFT_MACHINE_TRY(check_inside(words[1], bytes));
  code_.load(offset, words[1], bytes);
  return {};
}

/// docs/bundle.md: the words of the context, and the last one of the record that failed.
Error Instance::error_cell() {
  const auto cell = eight_words(model_.variant().context);
  if (!cell) return cell.error();
  const std::array<uint32_t, 8>& words = *cell;
  if (words[2] != kOutOfRange)
    return {WEFT_TRAP, "the model's code stopped with the unknown error " + std::to_string(words[2])};
  const std::vector<std::string>& nodes = model_.manifest().nodes;
  const auto tensor = word(uint64_t{words[0]} + kRecordBytes - 4);
  Error error{WEFT_OUT_OF_RANGE, {}, name_at(nodes, words[3])};
  error.value = static_cast<int64_t>(words[4] | uint64_t{words[5]} << 32);
  error.least = static_cast<int32_t>(words[6]);
  error.greatest = static_cast<int32_t>(words[7]);
  error.message = "node " + error.node + ": expected " + name_at(nodes, tensor.value_or(UINT32_MAX)) + " = " +
                  std::to_string(error.least) + ".." + std::to_string(error.greatest) + ", got " +
                  std::to_string(error.value);
  return error;
}

Outcome<void> Instance::set_input(size_t index, std::span<const uint8_t> data,
                                  std::span<const uint32_t> shape) {
  if (index >= model_.inputs().size())
    return refuse(WEFT_INVALID_ARGUMENT, "there is no input " + std::to_string(index) + ": the model has " +
                                             std::to_string(model_.inputs().size()));
  const VisiblePort& visible = model_.inputs()[index];
  const Port& port = *visible.port;
  if (shape.empty() && !port.shape.empty()) {
    if (port.is_open())
      return refuse(WEFT_INVALID_ARGUMENT,
                    "input \"" + port.name + "\" is " + shown(port) + ": give its shape");
    shape = port.shape;
  }
  WEFT_MACHINE_TRY(check_shape(port, shape, model_.manifest().dimensions));
  if (data.size() != bytes_of(port.dtype, shape))
    return refuse(WEFT_INVALID_ARGUMENT,
                  "input \"" + port.name + "\": " + std::to_string(bytes_of(port.dtype, shape)) +
                      " bytes of " + std::string(to_string(port.dtype)) + " " + shown(shape) +
                      " are expected, got " + std::to_string(data.size()));
  Given& given = given_[visible.place];
  if (model_.variant().places) given.data.assign(data.begin(), data.end());
  else WEFT_MACHINE_TRY(write_tensor(at_in_[visible.place], port.dtype, data));
  given.shape.assign(shape.begin(), shape.end());
  given.is_set = true;
  return {};
}

void Instance::forget_inputs() {
  for (Given& given : given_) given.is_set = false;
}

/// The dimensions as the inputs have them; where none says, the least.
Outcome<std::vector<uint32_t>> Instance::extents() const {
  const std::vector<Dimension>& dimensions = model_.manifest().dimensions;
  std::vector<std::optional<uint32_t>> known(dimensions.size());
  for (const VisiblePort& visible : model_.inputs()) {
    const Given& given = given_[visible.place];
    if (!given.is_set)
      return refuse(WEFT_INVALID_ARGUMENT,
                    "input \"" + visible.port->name + "\" (" + shown(*visible.port) + ") is not set");
    for (size_t i = 0; i < visible.port->symbols.size(); ++i) {
      const std::optional<size_t> symbol = visible.port->symbols[i];
      if (!symbol) continue;
      if (known[*symbol].value_or(given.shape[i]) != given.shape[i])
        return refuse(WEFT_INVALID_ARGUMENT, "input \"" + visible.port->name + "\" has " +
                                                 dimensions[*symbol].name + " = " +
                                                 std::to_string(given.shape[i]) + ", another input has " +
                                                 std::to_string(*known[*symbol]));
      known[*symbol] = given.shape[i];
    }
  }
  std::vector<uint32_t> out;
  for (size_t i = 0; i < known.size(); ++i) out.push_back(known[i].value_or(dimensions[i].min));
  return out;
}

Outcome<void> Instance::grow(uint64_t bytes, uint64_t most_bytes) {
  if (bytes <= code_.memory_bytes()) return {};
  bytes = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (bytes > most_bytes)
    return refuse(WEFT_NO_MEMORY, "a run with these shapes takes " + std::to_string(bytes) +
                                      " bytes of memory, and may have " + std::to_string(most_bytes));
  return code_.grow(bytes);
}

/// Tells the module the dimensions, and grows its memory to what they take.
Outcome<void> Instance::resize(uint64_t most_bytes) {
  const Variant& variant = model_.variant();
  WEFT_MACHINE_ASSIGN(words, extents());
  if (words.empty()) return {};
  for (size_t i = 0; i < words.size(); ++i) words[i] /= model_.manifest().dimensions[i].step;
  WEFT_MACHINE_TRY(write_words(variant.symbols, words));
  WEFT_MACHINE_TRY(execute("resize", false));
  if (!variant.places) return {};
  WEFT_MACHINE_ASSIGN(need, word(*variant.places));
  WEFT_MACHINE_TRY(grow(need, most_bytes));
  uint64_t at = *variant.places;
  for (std::vector<uint32_t>* addresses : {&at_in_, &at_out_})
    for (uint32_t& address : *addresses) {
      WEFT_MACHINE_ASSIGN(moved, word(at += 4));
      address = moved;
    }
  return {};
}

Outcome<void> Instance::run(uint64_t most_bytes) {
  has_result_ = false;
  WEFT_MACHINE_TRY(resize(most_bytes));
  const std::vector<Port>& ports = model_.manifest().inputs;
  if (model_.variant().places)
    for (const VisiblePort& visible : model_.inputs())
      WEFT_MACHINE_TRY(write_tensor(at_in_[visible.place], visible.port->dtype, given_[visible.place].data));
  if (const std::optional<size_t> reset = model_.reset_input()) {
    const uint8_t begins[1] = {begins_};
    WEFT_MACHINE_TRY(write_tensor(at_in_[*reset], ports[*reset].dtype, begins));
  }
  WEFT_MACHINE_TRY(execute("run", false));
  begins_ = false;
  has_result_ = true;
  return {};
}

Outcome<Tensor> Instance::output(size_t index) {
  const std::vector<Port>& ports = model_.manifest().outputs;
  if (index >= ports.size())
    return refuse(WEFT_INVALID_ARGUMENT, "there is no output " + std::to_string(index) + ": the model has " +
                                             std::to_string(ports.size()));
  if (!has_result_) return refuse(WEFT_INVALID_ARGUMENT, "there are no outputs: no run has ended well");
  shape_ = ports[index].shape;
  if (const auto answers = model_.variant().answers) {
    uint64_t at = *answers;
    for (size_t i = 0; i < index; ++i) at += 4 * ports[i].shape.size();
    for (uint32_t& extent : shape_) {
      WEFT_MACHINE_ASSIGN(answer, word(at));
      extent = answer;
      at += 4;
    }
  }
  for (size_t i = 0; i < shape_.size(); ++i)
    if (shape_[i] > ports[index].shape[i])
      return refuse(WEFT_BAD_BUNDLE, "output \"" + ports[index].name +
                                         "\" is larger than its greatest extents: " + shown(shape_));
  const uint64_t bytes = bytes_of(ports[index].dtype, shape_);
  WEFT_MACHINE_TRY(check_inside(at_out_[index], bytes));
  return Tensor{ports[index].dtype, shape_, code_.view(at_out_[index], bytes)};
}

}  // namespace weft::machine
