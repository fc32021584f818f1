#include "nn/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>

#include "nn/sniff.hpp"
#include "nn/tensor_types.hpp"
#include "nn/text.hpp"

namespace weft::nn {
namespace {

std::unexpected<Error> passed_on(Error error) {
  // A backend that says neither what nor why has failed all the same.
  if (error.code == Errno::success) error.code = Errno::runtime_error;
  if (error.text.empty()) error.text = to_string(error.code);
  return std::unexpected<Error>(std::move(error));
}

std::string type_of(const Port& port) {
  std::string dims;
  for (const Range& range : port.dims) {
    if (!dims.empty()) dims += ", ";
    if (range.min == range.max) {
      dims += fmt::to_string(range.min);
    } else if (range.step <= 1) {
      dims += fmt::format("{} to {}", range.min, range.max);
    } else {
      dims += fmt::format("{} to {} by {}", range.min, range.max, range.step);
    }
  }
  return fmt::format("{}[{}]", to_string(port.dtype), dims);
}

/// invalid_argument: the model does not take this tensor.
Outcome<void> check(const Port& port, uint32_t index, const TensorView& tensor) {
  const bool shape = std::ranges::equal(
      port.dims, tensor.dims, [](const Range& range, uint32_t extent) { return range.holds(extent); });
  if (!shape || !carries(tensor.dtype, port.dtype)) {
    return refuse(Errno::invalid_argument,
                  fmt::format("input {} {} is {}, and the tensor {}[{}]", index, shown(port.name),
                              type_of(port), to_string(tensor.dtype), fmt::join(tensor.dims, ", ")));
  }
  const uint64_t elements = element_count(tensor.dims);
  if (elements > UINT64_MAX / 8 || elements * byte_size(tensor.dtype) != tensor.data.size()) {
    return refuse(Errno::invalid_argument,
                  fmt::format("input {} {}: {} bytes for {}[{}]", index, shown(port.name), tensor.data.size(),
                              to_string(tensor.dtype), fmt::join(tensor.dims, ", ")));
  }
  return {};
}

std::unexpected<Error> no_such(std::string_view what, uint64_t index, size_t count) {
  return refuse(Errno::invalid_argument, fmt::format("{} {} of a model that has {}", what, index, count));
}

}  // namespace

Outcome<Handle> Session::load(std::span<const std::span<const uint8_t>> parts, uint32_t encoding,
                              uint32_t target) {
  if (parts.empty()) return refuse(Errno::invalid_argument, "a model of no parts");
  if (target > static_cast<uint32_t>(Target::tpu)) {
    return refuse(Errno::invalid_argument,
                  fmt::format("target {} is none of 0 (cpu), 1 (gpu), 2 (tpu)", target));
  }
  if (std::string reason = backend_.refusal(static_cast<Target>(target)); !reason.empty()) {
    return refuse(Errno::unsupported_operation, std::move(reason));
  }
  const auto accepted = accept(encoding, sniff(parts[0]));
  if (!accepted) return std::unexpected(accepted.error());
  uint64_t bytes = 0;
  for (const auto part : parts) bytes += part.size();
  auto charge = budget_.graph(bytes);
  if (!charge) return std::unexpected(std::move(charge).error());
  auto model = backend_.load(parts, *accepted, static_cast<Target>(target));
  if (!model) return passed_on(std::move(model).error());
  return publish(std::move(*model), std::move(*charge), {});
}

Outcome<Handle> Session::load_by_name(std::string_view name, TokenOptions tokens) {
  // Its bytes are the embedder's, and shared.
  auto charge = budget_.graph(0);
  if (!charge) return std::unexpected(std::move(charge).error());
  auto model = registry_.find(name);
  if (!model) return passed_on(std::move(model).error());
  return publish(std::move(*model), std::move(*charge), std::move(tokens));
}

Outcome<Handle> Session::publish(std::shared_ptr<Model> model, Charge charge, TokenOptions tokens) {
  if (model == nullptr) return refuse(Errno::runtime_error, "the backend has made no model");
  auto ports = find_token_ports(*model, tokens);
  // A model without tokens is one until it is asked for some; ports that the program names are there.
  if (!ports && ports.error().code == Errno::invalid_argument)
    return std::unexpected(std::move(ports).error());
  const auto handle = next_handle();
  if (!handle) return handle;
  graphs_.emplace(*handle, std::make_shared<Graph>(Graph{std::move(model), std::move(charge),
                                                         std::move(tokens), std::move(ports), false}));
  return handle;
}

Outcome<Handle> Session::next_handle() {
  if (next_ > UINT32_MAX)
    return refuse(Errno::missing_memory, "this guest has used all handles that there are");
  return static_cast<Handle>(next_++);
}

Outcome<void> Session::unload(Handle graph) {
  const auto found = graphs_.find(graph);
  if (found != graphs_.end()) found->second->unloaded = true;
  return release(graph);
}

Outcome<void> Session::release(Handle graph) {
  if (graphs_.erase(graph) == 0)
    return refuse(Errno::invalid_argument, fmt::format("there is no graph {}", graph));
  return {};
}

Outcome<Handle> Session::init_execution_context(Handle graph) {
  const auto found = graphs_.find(graph);
  if (found == graphs_.end())
    return refuse(Errno::invalid_argument, fmt::format("there is no graph {}", graph));
  Model& model = *found->second->model;
  auto charge = budget_.context(model.instance_bytes());
  if (!charge) return std::unexpected(std::move(charge).error());
  auto instance = model.instantiate();
  if (!instance) return passed_on(std::move(instance).error());
  if (*instance == nullptr) return refuse(Errno::runtime_error, "the backend has made no instance");
  const auto handle = next_handle();
  if (!handle) return handle;
  Context context{
      found->second, std::move(*instance), std::move(*charge), std::vector<bool>(model.inputs().size()),
      false,         std::nullopt};
  const Graph& of = *found->second;
  if (of.token_ports) context.tokens.emplace(*of.token_ports, of.token_options);
  contexts_.emplace(*handle, std::move(context));
  return handle;
}

Outcome<void> Session::finalize_execution_context(Handle handle) {
  const auto found = context(handle);
  if (!found) return std::unexpected(found.error());
  contexts_.erase(handle);
  return {};
}

Outcome<Session::Context*> Session::context(Handle handle) {
  const auto found = contexts_.find(handle);
  if (found == contexts_.end()) {
    return refuse(Errno::invalid_argument, fmt::format("there is no execution context {}", handle));
  }
  return &found->second;
}

Outcome<Session::Context*> Session::usable(Handle handle) {
  const auto found = context(handle);
  if (found && (*found)->graph->unloaded) {
    return refuse(Errno::invalid_argument, fmt::format("the graph of execution context {} is unloaded: its "
                                                       "outputs may be read, it takes no inputs or runs",
                                                       handle));
  }
  return found;
}

Outcome<std::shared_ptr<const Model>> Session::model(Handle handle) const {
  const auto found = contexts_.find(handle);
  if (found == contexts_.end()) {
    return refuse(Errno::invalid_argument, fmt::format("there is no execution context {}", handle));
  }
  return found->second.graph->model;
}

Outcome<void> Session::set_input(Handle handle, uint32_t index, const TensorView& tensor) {
  const auto found = usable(handle);
  if (!found) return std::unexpected(found.error());
  Context& context = **found;
  const auto ports = context.graph->model->inputs();
  if (index >= ports.size()) return no_such("input", index, ports.size());
  const Port& port = ports[index];
  const bool is_prompt = context.tokens && context.tokens->ports().tokens == index;
  if (is_prompt && context.tokens->takes_in_pieces(tensor)) {
    if (tensor.dims.back() > limits().prompt_tokens)
      return refuse(Errno::prompt_too_long, fmt::format("a prompt of {} tokens, and this host takes {}",
                                                        tensor.dims.back(), limits().prompt_tokens));
    context.tokens->begin(tensor.data);
    context.given[index] = false;
    return {};
  }
  if (auto checked = check(port, index, tensor); !checked) return checked;
  TensorView given{port.dtype, tensor.dims, tensor.data};
  std::vector<uint8_t> truths;
  if (port.dtype == DType::boolean &&
      std::ranges::any_of(tensor.data, [](uint8_t byte) { return byte > 1; })) {
    truths.resize(tensor.data.size());
    std::ranges::transform(tensor.data, truths.begin(), [](uint8_t byte) { return uint8_t{byte != 0}; });
    given.data = truths;
  }
  if (auto set = context.instance->set_input(index, given); !set) return passed_on(std::move(set).error());
  context.given[index] = true;
  if (is_prompt) context.tokens->begin(tensor.data);
  return {};
}

Outcome<void> Session::has_inputs(const Context& context, std::optional<uint32_t> except) const {
  for (uint32_t i = 0; i < context.given.size(); ++i)
    if (!context.given[i] && i != except)
      return refuse(Errno::invalid_argument,
                    fmt::format("input {} {} is not set", i, shown(context.graph->model->inputs()[i].name)));
  return {};
}

/// The instance, within what the guest may have.
Outcome<void> Session::run(Context& context) {
  context.computed = false;
  auto run = context.instance->compute(context.charge.bytes() + budget_.left());
  // It may have grown before it failed.
  context.charge.resize(context.instance->bytes());
  if (!run) return passed_on(std::move(run).error());
  context.computed = true;
  return {};
}

Outcome<void> Session::compute(Handle handle) {
  const auto found = usable(handle);
  if (!found) return std::unexpected(found.error());
  Context& context = **found;
  if (auto set = has_inputs(context, std::nullopt); !set) return set;
  if (context.tokens) context.tokens->forget();
  return run(context);
}

Outcome<TensorView> Session::output(Handle handle, uint32_t index) {
  const auto found = context(handle);
  if (!found) return std::unexpected(found.error());
  Context& context = **found;
  const auto ports = context.graph->model->outputs();
  if (index >= ports.size()) return no_such("output", index, ports.size());
  if (!context.computed) {
    return refuse(Errno::runtime_error,
                  fmt::format("execution context {} has no outputs: no compute() succeeded before", handle));
  }
  auto output = context.instance->output(index);
  if (!output) return passed_on(std::move(output).error());
  return output;
}

Outcome<void> Session::has_tokens(const Context& context) const {
  if (context.tokens) return {};
  return std::unexpected(context.graph->token_ports.error());
}

Outcome<void> Session::compute_single(Handle handle) {
  const auto found = usable(handle);
  if (!found) return std::unexpected(found.error());
  Context& context = **found;
  if (auto there = has_tokens(context); !there) return there;
  const uint32_t tokens = context.tokens->ports().tokens;
  if (auto set = has_inputs(context, tokens); !set) return set;
  auto step = context.tokens->step(*context.instance, [&] {
    context.given[tokens] = false;
    return run(context);
  });
  if (!step) return passed_on(std::move(step).error());
  return {};
}

Outcome<TensorView> Session::output_single(Handle handle, uint32_t index) {
  const auto found = context(handle);
  if (!found) return std::unexpected(found.error());
  const Context& context = **found;
  const size_t outputs = context.tokens ? 1 : context.graph->model->outputs().size();
  if (index >= outputs) return no_such("output", index, outputs);
  if (auto there = has_tokens(context); !there) return std::unexpected(std::move(there).error());
  return context.tokens->token();
}

Outcome<void> Session::fini_single(Handle handle) {
  const auto found = context(handle);
  if (!found) return std::unexpected(found.error());
  Context& context = **found;
  if (auto there = has_tokens(context); !there) return there;
  context.tokens->reset();
  context.instance->reset();
  return {};
}

}  // namespace weft::nn
