#include "bundle/c_header.hpp"

#include <set>
#include <utility>

namespace weft::bundle {
namespace {

constexpr uint64_t kMemoryAlignment = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string in_case(std::string text, char first, char to) {
  for (char& c : text)
    if (c >= first && c < first + 26) c = static_cast<char>(c - first + to);
  return text;
}
std::string upper(std::string text) { return in_case(std::move(text), 'a', 'A'); }
std::string lower(std::string text) { return in_case(std::move(text), 'A', 'a'); }

/// Parts of identifiers; unlike c_identifier it may begin with anything.
std::string words(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (!is_letter(c) && !is_digit(c)) c = '_';
  return out;
}

class Unique {
 public:
  std::string operator()(const std::string& wanted) {
    std::string name = wanted;
    for (uint32_t number = 2; !taken_.insert(lower(name)).second; ++number)
      name = wanted + "_" + std::to_string(number);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

/// Model names are arbitrary bytes, which could end a comment.
std::string in_comment(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c < ' ' || c > '~' || c == '*' || c == '\\' || c == '$') c = '?';
  return out;
}

std::string_view c_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return "double";
    case DType::f32: return "float";
    case DType::f16:
    case DType::bf16: return "uint16_t";
    case DType::i64: return "int64_t";
    case DType::i32: return "int32_t";
    case DType::i16: return "int16_t";
    case DType::i8: return "int8_t";
    case DType::u64: return "uint64_t";
    case DType::u32: return "uint32_t";
    case DType::u16: return "uint16_t";
    case DType::u8:
    case DType::boolean: return "uint8_t";
  }
  return "uint8_t";
}

/// "f32 [1, seq]"
std::string tensor(const Port& port) {
  std::string list;
  for (size_t i = 0; i < port.shape.size(); ++i)
    list += (i == 0 ? "" : ", ") + (port.dims.empty() ? std::to_string(port.shape[i]) : port.dims[i]);
  return std::string(to_string(port.dtype)) + " [" + list + "]";
}

uint64_t elements(const Port& port) {
  uint64_t count = 1;
  for (const int64_t extent : port.shape) count *= static_cast<uint64_t>(extent);
  return count;
}

/// The text with $name, $NAME and other names of `values` in their places.
using Values = std::vector<std::pair<std::string_view, std::string>>;
std::string expand(std::string_view text, const Values& values) {
  std::string out(text);
  for (const auto& [name, value] : values) {
    size_t at = 0;
    while ((at = out.find(name, at)) != std::string::npos) {
      out.replace(at, name.size(), value);
      at += value.size();
    }
  }
  return out;
}

constexpr std::string_view kBegin = R"(   Compile with -msimd128 or without, link with wasm-ld or emcc. */
#ifndef WEFT_$NAME_H
#define WEFT_$NAME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The program gives a model this many bytes, at a multiple of this, and may free them when it is done:
   everything that the model keeps lies in them. A program may have any number of models, each in
   memory of its own, but a model serves one thread at a time.
)";
constexpr std::string_view kWeightsInside =
    "   Beside that, the object brings $weights bytes of weights into the program. */\n";
constexpr std::string_view kWeightsOutside =
    "   The weights are read from $name.weights ($weights bytes), once, and no copy of them is held. */\n";
constexpr std::string_view kMemory = R"(#define $NAME_MEMORY $memoryu
#define $NAME_ALIGNMENT $alignmentu

typedef struct $name_model $name_model;

/* What functions return. */
#define $NAME_OK 0
)";
constexpr std::string_view kOutOfRange =
    "#define $NAME_OUT_OF_RANGE 1 /* a value that the model computes with; see below */\n";
constexpr std::string_view kBadExtent =
    "#define $NAME_BAD_EXTENT 2 /* one that its dimension may not have */\n";
constexpr std::string_view kFailure = R"(
/* What was wrong, once a function has returned something else. */
typedef struct $name_error {
  const char* node; /* of the model; "" for a dimension */
  const char* what; /* the tensor, or the dimension */
  int64_t value;    /* which was not within least and greatest, or is no multiple of the step */
  int32_t least, greatest;
} $name_error;
const $name_error* $name_failure(const $name_model* model);
)";
constexpr std::string_view kPrepare = R"(
/* Unpacks the weights. Null where the memory is null or not aligned. */
$name_model* $name_prepare(void* memory);

)";
constexpr std::string_view kPrepareOutside = R"(
/* Copies bytes of $name.weights, from an offset on, and returns 0, or anything else where it cannot.
   Offsets ascend from one call to the next. */
typedef int32_t (*$name_read)(void* context, void* destination, uint64_t offset, uint32_t bytes);

/* Reads and unpacks the weights. Null where the memory is null or not aligned, or reading fails. */
$name_model* $name_prepare(void* memory, $name_read read, void* context);

)";
constexpr std::string_view kResize =
    R"(   A model that was just prepared has the greatest. Changes nothing where one is refused. */
int32_t $name_resize($name_model* model$parameters);

)";
constexpr std::string_view kPorts =
    "/* Tensors lie row-major, in the model's memory; where stays the same. ELEMENTS: at most. */\n";
constexpr std::string_view kPort = R"(#define $PORT_ELEMENTS $elementsu
$const$type* $port($const$name_model* model); /* $tensor */
)";
constexpr std::string_view kShape =
    "const uint32_t* $shape(const $name_model* model); /* its $rank extents */\n";
constexpr std::string_view kRun = R"(
/* Computes the outputs from the inputs.$states */
int32_t $name_run($name_model* model);
)";
constexpr std::string_view kReset = R"(/* The next run begins without what the model kept. */
void $name_reset($name_model* model);
)";
constexpr std::string_view kEnd = "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";

class HeaderWriter {
 public:
  HeaderWriter(const Manifest& manifest, const CInterface& names, const CHeaderOptions& options)
      : manifest_(manifest), names_(names), options_(options), upper_(upper(names.name)) {}

  std::string write() {
    introduction();
    add(kBegin);
    memory();
    if (options_.checks) add(kOutOfRange);
    if (resizes()) add(kBadExtent);
    if (options_.checks || resizes()) add(kFailure);
    add(options_.external_weights ? kPrepareOutside : kPrepare);
    if (resizes()) resize();
    add(kPorts);
    for (const CPort& port : names_.inputs) one(port, manifest_.inputs[port.port], "");
    for (const CPort& port : names_.outputs) one(port, manifest_.outputs[port.port], "const ");
    add(kRun, {{"$states", names_.states ? " What the model keeps goes on from the run before." : ""}});
    if (names_.states) add(kReset);
    add(kEnd);
    return std::move(out_);
  }

 private:
  bool resizes() const { return !names_.dimensions.empty(); }

  void add(std::string_view text, Values values = {}) {
    values.emplace_back("$name", names_.name);
    values.emplace_back("$NAME", upper_);
    out_ += expand(text, values);
  }

  void introduction() {
    add("/* The model in $name.o, for C and C++. Written by $generator.\n\n"
        "     void* memory = aligned_alloc($NAME_ALIGNMENT, $NAME_MEMORY);\n"
        "     $name_model* model = $name_prepare(memory$reader);\n",
        {{"$generator", manifest_.generator}, {"$reader", options_.external_weights ? ", read, file" : ""}});
    std::string list;
    for (const std::string& dimension : names_.dimensions) list += ", " + dimension;
    if (resizes()) add("     $name_resize(model$list);\n", {{"$list", list}});
    for (const CPort& port : names_.inputs)
      add("     ... write $port(model) ...\n", {{"$port", port.symbol}});
    add("     if ($name_run(model) == $NAME_OK) {\n");
    for (const CPort& port : names_.outputs)
      add("       ... read $port(model) ...\n", {{"$port", port.symbol}});
    add("     }\n     free(memory);\n\n");
  }

  void memory() {
    add(options_.external_weights ? kWeightsOutside : kWeightsInside,
        {{"$weights", std::to_string(manifest_.weights_bytes)}});
    const uint64_t bytes = manifest_.variants.front().memory.total_bytes;
    const uint64_t whole = (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
    add(kMemory, {{"$memory", std::to_string(whole)}, {"$alignment", std::to_string(kMemoryAlignment)}});
  }

  void resize() {
    out_ += "/* Chooses extents for the runs that follow:\n";
    std::string parameters;
    for (size_t i = 0; i < names_.dimensions.size(); ++i) {
      const expr::Variable& symbol = manifest_.symbols[i];
      out_ += "     " + names_.dimensions[i] + ": " + in_comment(symbol.name) + ", " +
              std::to_string(*symbol.range.min) + " to " + std::to_string(*symbol.range.max);
      if (symbol.multiple_of > 1) out_ += ", a multiple of " + std::to_string(symbol.multiple_of);
      out_ += '\n';
      parameters += ", uint32_t " + names_.dimensions[i];
    }
    add(kResize, {{"$parameters", parameters}});
  }

  void one(const CPort& names, const Port& port, std::string_view constness) {
    add(kPort, {{"$PORT", upper(names.symbol)},
                {"$elements", std::to_string(elements(port))},
                {"$const", std::string(constness)},
                {"$type", std::string(c_type(port.dtype))},
                {"$port", names.symbol},
                {"$tensor", in_comment(port.name + ": " + tensor(port))}});
    if (names.shape.empty()) return;
    add(kShape, {{"$shape", names.shape}, {"$rank", std::to_string(port.shape.size())}});
  }

  const Manifest& manifest_;
  const CInterface& names_;
  const CHeaderOptions& options_;
  std::string upper_;
  std::string out_;
};

}  // namespace

std::string c_identifier(std::string_view text) {
  const std::string name = words(text);
  return !name.empty() && is_letter(name[0]) ? name : "m_" + name;
}

CInterface c_interface(const Manifest& manifest, std::string name) {
  CInterface out;
  out.name = std::move(name);
  Unique unique;
  for (size_t i = 0; i < manifest.inputs.size(); ++i) {
    const Port& port = manifest.inputs[i];
    out.states = out.states || port.name == kResetInput;
    if (port.name != kResetInput)
      out.inputs.push_back({i, unique(out.name + "_input_" + words(port.name)), {}});
  }
  uint32_t answers = 0;
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const Port& port = manifest.outputs[i];
    CPort names{i, unique(out.name + "_output_" + words(port.name)), {}};
    if (!port.dims.empty()) names.shape = unique(out.name + "_shape_" + words(port.name));
    names.shape_at = answers;
    answers += static_cast<uint32_t>(port.shape.size());
    out.outputs.push_back(std::move(names));
  }
  Unique parameters;
  parameters("model");
  for (const expr::Variable& symbol : manifest.symbols)
    out.dimensions.push_back(parameters("n_" + words(symbol.name)));
  return out;
}

std::string c_header(const Manifest& manifest, const CInterface& names, const CHeaderOptions& options) {
  return HeaderWriter(manifest, names, options).write();
}

}  // namespace weft::bundle
