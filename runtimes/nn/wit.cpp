#include "nn/wit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "nn/tensor_types.hpp"
#include "nn/text.hpp"

namespace weft::nn::wit {
namespace {

/// By TensorType.
constexpr std::array kTypes = {DType::f16, DType::f32, DType::f64, DType::bf16,
                               DType::u8,  DType::i32, DType::i64};

TensorType type_of(DType dtype) {
  const DType named = dtype == DType::bf16 ? dtype : carrier(dtype);
  return static_cast<TensorType>(std::ranges::find(kTypes, named) - kTypes.begin());
}

/// The port that a guest calls `name`.
std::optional<uint32_t> find_port(std::span<const Port> ports, std::string_view name) {
  const auto named = std::ranges::find(ports, name, &Port::name);
  if (named != ports.end()) return static_cast<uint32_t>(named - ports.begin());
  uint32_t index = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (problem != std::errc() || end != name.data() + name.size() || index >= ports.size()) return {};
  return index;
}

}  // namespace

ErrorCode error_code(Errno code) {
  switch (code) {
    case Errno::invalid_argument: return ErrorCode::invalid_argument;
    case Errno::invalid_encoding: return ErrorCode::invalid_encoding;
    case Errno::unsupported_operation: return ErrorCode::unsupported_operation;
    case Errno::missing_memory:
    case Errno::too_large:
    case Errno::context_full:
    case Errno::prompt_too_long: return ErrorCode::too_large;
    case Errno::not_found:
    case Errno::model_not_found: return ErrorCode::not_found;
    case Errno::busy:
    case Errno::runtime_error:
    case Errno::end_of_sequence: return ErrorCode::runtime_error;
    case Errno::success: break;
  }
  return ErrorCode::unknown;
}

Host::Host(Backend& backend, Registry& registry, Limits limits, Log log)
    : session_(backend, registry, limits), log_(std::move(log)) {}

template <class T, class F>
Reply<T> Host::call(std::string_view function, F body) {
  if (busy_) return std::unexpected(Error{error_code(Errno::busy), "called from within another call"});
  busy_ = true;
  Outcome<T> done = body();
  if (!done && log_)
    log_(fmt::format("{}: {}: {}", function, to_string(done.error().code), done.error().text));
  busy_ = false;
  for (const Drop& each : std::exchange(dropped_, {})) drop(each);
  if (!done) return std::unexpected(Error{error_code(done.error().code), std::move(done.error().text)});
  return std::move(*done);
}

void Host::drop(Drop drop) {
  if (busy_) {
    dropped_.push_back(drop);
  } else if (drop.context) {
    (void)session_.finalize_execution_context(drop.handle);
  } else {
    (void)session_.release(drop.handle);
  }
}

Reply<Tensor> Host::tensor(std::span<const uint32_t> dimensions, TensorType type,
                           std::span<const uint8_t> data) {
  return call<Tensor>("tensor", [&]() -> Outcome<Tensor> {
    auto charge = session_.budget().tensor(dimensions.size_bytes() + data.size());
    if (!charge) return std::unexpected(std::move(charge).error());
    return Tensor({dimensions.begin(), dimensions.end()}, type, {data.begin(), data.end()},
                  std::move(*charge));
  });
}

Reply<Handle> Host::load(std::span<const std::span<const uint8_t>> builder, uint32_t encoding,
                         uint32_t target) {
  return call<Handle>("load", [&]() -> Outcome<Handle> {
    if (builder.size() > session_.limits().parts) {
      return refuse(Errno::missing_memory, fmt::format("a model of {} parts, and this host takes {}",
                                                       builder.size(), session_.limits().parts));
    }
    return session_.load(builder, encoding, target);
  });
}

Reply<Handle> Host::load_by_name(std::string_view name) {
  return call<Handle>("load-by-name", [&] { return session_.load_by_name(name); });
}

Reply<Handle> Host::init_execution_context(Handle graph) {
  return call<Handle>("init-execution-context", [&] { return session_.init_execution_context(graph); });
}

Reply<std::vector<Output>> Host::compute(Handle context, std::span<const Input> inputs) {
  return call<std::vector<Output>>("compute", [&] { return run(context, inputs); });
}

Outcome<std::vector<Output>> Host::run(Handle context, std::span<const Input> inputs) {
  const auto model = session_.model(context);
  if (!model) return std::unexpected(model.error());
  auto done = set_inputs(context, **model, inputs);
  if (done) done = session_.compute(context);
  if (!done) return std::unexpected(done.error());
  return outputs(context, **model);
}

Outcome<void> Host::set_inputs(Handle context, const Model& model, std::span<const Input> inputs) {
  const auto ports = model.inputs();
  // All names are looked at before any tensor is.
  std::vector<const Tensor*> given(ports.size());
  for (const Input& input : inputs) {
    const auto index = find_port(ports, input.name);
    if (!index)
      return refuse(Errno::invalid_argument, fmt::format("the model has no input {}", shown(input.name)));
    if (given[*index] != nullptr) {
      return refuse(Errno::invalid_argument,
                    fmt::format("input {} is given twice", shown(ports[*index].name)));
    }
    given[*index] = input.tensor;
  }
  for (uint32_t i = 0; i < ports.size(); ++i) {
    if (given[i] == nullptr) {
      return refuse(Errno::invalid_argument, fmt::format("input {} is not given", shown(ports[i].name)));
    }
  }
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const DType dtype = kTypes[static_cast<size_t>(given[i]->ty())];
    if (auto set = session_.set_input(context, i, {dtype, given[i]->dimensions(), given[i]->data()}); !set)
      return set;
  }
  return {};
}

Outcome<std::vector<Output>> Host::outputs(Handle context, const Model& model) {
  std::vector<Output> results;
  for (uint32_t i = 0; i < model.outputs().size(); ++i) {
    const auto output = session_.output(context, i);
    if (!output) return std::unexpected(output.error());
    auto charge = session_.budget().tensor(output->dims.size_bytes() + output->data.size());
    if (!charge) return std::unexpected(charge.error());
    results.push_back(
        {model.outputs()[i].name, Tensor({output->dims.begin(), output->dims.end()}, type_of(output->dtype),
                                         {output->data.begin(), output->data.end()}, std::move(*charge))});
  }
  return results;
}

}  // namespace weft::nn::wit
