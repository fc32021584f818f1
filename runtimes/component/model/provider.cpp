#include "component/provider.hpp"

#include <fmt/format.h>

#include "base/sha256.hpp"
#include "component/model/compiled.hpp"
#include "machine/nn/ports.hpp"
#include "nn/text.hpp"

namespace weft::component {
namespace {

/// The model, or why there is none.
const machine::Outcome<std::shared_ptr<CompiledModel>>& model() {
  static const auto model = CompiledModel::make();
  return model;
}

bool is_source(const SourceFile& source, std::span<const uint8_t> bytes) {
  if (bytes.size() != source.bytes || source.sha256.empty()) return false;
  Sha256 hash;
  hash.add(bytes);
  return hash.finish() == source.sha256;
}

/// `load` gives the model for the very file that it was compiled from.
class CompiledBackend final : public nn::Backend {
 public:
  nn::Outcome<std::shared_ptr<nn::Model>> load(std::span<const std::span<const uint8_t>> parts, nn::Encoding,
                                               nn::Target) override {
    if (!model()) return nn::refuse(machine::errno_of(model().error().status), model().error().message);
    if (parts.size() == 1 && is_source((*model())->source(), parts.front())) return *model();
    return nn::refuse(nn::Errno::unsupported_operation,
                      fmt::format("this component compiles no models: it has one, load-by-name({}), which "
                                  "load takes as the file that it was compiled from only",
                                  nn::shown((*model())->name())));
  }
};

}  // namespace

nn::Backend& backend() {
  static CompiledBackend backend;
  return backend;
}

nn::Registry& registry() {
  static nn::Registry registry = [] {
    nn::Registry names;
    if (model()) names.add((*model())->name(), *model());
    return names;
  }();
  return registry;
}

}  // namespace weft::component
