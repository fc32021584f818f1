#include "compile/media.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::compile {
namespace {

using bundle::Port;

std::string list(const std::vector<Port>& ports) {
  std::string out;
  for (const Port& port : ports)
    out += fmt::format("{}{} {}[{}]", out.empty() ? "" : ", ", port.name, to_string(port.dtype),
                       fmt::join(port.shape, ", "));
  return out;
}

Result<Port*> find(std::vector<Port>& ports, const std::string& name) {
  if (name.empty() && ports.size() == 1) return &ports.front();
  for (Port& port : ports)
    if (port.name == name) return &port;
  return fail(ErrorKind::invalid_argument,
              name.empty()
                  ? "--preprocess: say which input is meant, as INPUT=sound:…; there are " + list(ports)
                  : fmt::format("--preprocess: no input is called {}; there are {}", name, list(ports)));
}

bool takes_samples(const Port& port) {
  for (size_t i = 0; i + 1 < port.shape.size(); ++i)
    if (port.shape[i] != 1) return false;
  return port.dtype == DType::f32 && !port.shape.empty();
}

/// Extent of the last axis that has more than one element: f32[1, 1000, 1, 1] has 1000.
int64_t classes(const Port& port) {
  for (size_t i = port.shape.size(); i-- > 0;)
    if (port.shape[i] != 1) return port.shape[i];
  return 1;
}

}  // namespace

Result<void> mark_inputs(bundle::Manifest& manifest, const CompileOptions& options) {
  if (options.picture) {
    WEFT_ASSIGN(port, find(manifest.inputs, std::string(passes::kPictureInput)));
    port->picture = options.picture->fitting;
  }
  if (options.sound) {
    WEFT_ASSIGN(port, find(manifest.inputs, options.sound->input));
    if (!takes_samples(*port))
      return fail(
          ErrorKind::invalid_argument,
          "--preprocess: sound is for an input f32[samples] or f32[1, samples], not " + list({*port}));
    port->sample_rate = options.sound->sample_rate;
  }
  return {};
}

Result<void> add_labels(bundle::Manifest& manifest, const std::vector<std::string>& labels) {
  if (labels.empty()) return {};
  Port* chosen = nullptr;
  for (Port& port : manifest.outputs) {
    if (classes(port) != static_cast<int64_t>(labels.size())) continue;
    if (chosen != nullptr)
      return fail(
          ErrorKind::invalid_argument,
          fmt::format(
              "--labels: {} and {} both have {} elements along their last axis of more than one element",
              chosen->name, port.name, labels.size()));
    chosen = &port;
  }
  if (chosen == nullptr)
    return fail(
        ErrorKind::invalid_argument,
        fmt::format("--labels: there are {} labels, and no output has as many along its last axis of more "
                    "than one element; there are {}",
                    labels.size(), list(manifest.outputs)));
  chosen->labels = labels;
  return {};
}

}  // namespace weft::compile
