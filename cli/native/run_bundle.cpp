// One run of a bundle on Wasmtime, for weft verify.
#include "cli/native/host.hpp"
#include "cli/native/native_error.hpp"
#include "native/instance.hpp"

namespace weft::cli {

Result<std::vector<graph::Tensor>> NativeHost::run_bundle(const std::string& folder,
                                                          const std::string& variant,
                                                          const std::vector<graph::Tensor>& inputs) {
  const auto engine = native::Engine::shared();
  if (!engine) return failed(engine.error());
  auto model = native::Model::open(folder, variant, *engine);
  if (!model) return failed(model.error());
  if ((*model)->inputs().size() != inputs.size())
    return fail(ErrorKind::unsupported,
                "models with states do not run here: the engine wasmtime starts each run anew");
  const auto instance = native::Instance::make(*model, nullptr);
  if (!instance) return failed(instance.error());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<uint32_t> shape(inputs[i].shape.begin(), inputs[i].shape.end());
    if (const auto set = (*instance)->set_input(i, inputs[i].bytes, shape); !set) return failed(set.error());
  }
  if (const auto ran = (*instance)->run(); !ran) return failed(ran.error());
  std::vector<graph::Tensor> outputs;
  for (size_t i = 0; i < (*model)->outputs().size(); ++i) {
    const auto output = (*instance)->output(i);
    if (!output) return failed(output.error());
    outputs.push_back({output->dtype,
                       {output->shape.begin(), output->shape.end()},
                       {output->data.begin(), output->data.end()}});
  }
  return outputs;
}

}  // namespace weft::cli
