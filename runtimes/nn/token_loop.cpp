#include "nn/token_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "nn/tensor_types.hpp"
#include "nn/text.hpp"

namespace weft::nn {
namespace {

bool takes_tokens(const Port& port, bool keeps_states) {
  if (port.dtype != DType::i64 && port.dtype != DType::i32) return false;
  if (port.dims.empty()) return false;
  const Range& count = port.dims.back();
  const bool is_one_row =
      std::all_of(port.dims.begin(), port.dims.end() - 1, [](const Range& range) { return range.holds(1); });
  return is_one_row && (keeps_states ? count.holds(1) : count.max > count.min && count.step <= 1);
}

bool gives_scores(const Port& port) {
  return port.dtype == DType::f32 && !port.dims.empty() && port.dims.back().min == port.dims.back().max &&
         port.dims.back().max > 0;
}

/// The port of this name, or the only one that fits.
template <class Fits>
Outcome<uint32_t> find(std::span<const Port> ports, const std::string& name, std::string_view what,
                       Fits fits) {
  std::optional<uint32_t> found;
  for (uint32_t i = 0; i < ports.size(); ++i) {
    if (!name.empty() ? ports[i].name != name : !fits(ports[i])) continue;
    if (found && name.empty())
      return refuse(
          Errno::unsupported_operation,
          fmt::format("the model has more than one {}: {} and {}; load_by_name_with_config says which", what,
                      shown(ports[*found].name), shown(ports[i].name)));
    found = i;
  }
  if (name.empty() && !found)
    return refuse(
        Errno::unsupported_operation,
        fmt::format("the model makes no tokens one by one: it has no {}; call compute and get_output", what));
  if (!found || !fits(ports[*found]))
    return refuse(Errno::invalid_argument, fmt::format("{} is no {} of the model", shown(name), what));
  return *found;
}

}  // namespace

Outcome<TokenPorts> find_token_ports(const Model& model, const TokenOptions& options) {
  const bool keeps_states = model.keeps_states();
  const auto tokens = find(model.inputs(), options.tokens, "input of tokens",
                           [&](const Port& port) { return takes_tokens(port, keeps_states); });
  if (!tokens) return std::unexpected(tokens.error());
  const auto logits = find(model.outputs(), options.logits, "output of scores", gives_scores);
  if (!logits) return std::unexpected(logits.error());
  const Port& port = model.inputs()[*tokens];
  return TokenPorts{*tokens,          *logits,     port.dtype, static_cast<uint32_t>(port.dims.size()),
                    port.dims.back(), keeps_states};
}

bool TokenLoop::takes_in_pieces(const TensorView& tensor) const {
  return ports_.keeps_states && tensor.dims.size() == ports_.rank && carries(tensor.dtype, ports_.dtype) &&
         std::all_of(tensor.dims.begin(), tensor.dims.end() - 1,
                     [](uint32_t extent) { return extent == 1; }) &&
         tensor.dims.back() > ports_.count.max &&
         tensor.data.size() == uint64_t{tensor.dims.back()} * byte_size(ports_.dtype);
}

void TokenLoop::begin(std::span<const uint8_t> ids) {
  pending_.assign(ids.begin(), ids.end());
  token_.clear();
  made_ = 0;
  in_prompt_ = true;
  ended_ = false;
}

void TokenLoop::forget() { begin({}); }

void TokenLoop::reset() {
  forget();
  sampler_.reset();
}

std::unexpected<Error> TokenLoop::ended(std::string text) {
  ended_ = true;
  token_.clear();
  return refuse(Errno::end_of_sequence, std::move(text));
}

/// Sets the first `count` pending ids and runs.
Outcome<void> TokenLoop::feed(Instance& instance, const Run& run, size_t count) {
  std::vector<uint32_t> dims(ports_.rank, 1);
  dims.back() = static_cast<uint32_t>(count);
  const auto ids = std::span<const uint8_t>(pending_).first(count * byte_size(ports_.dtype));
  if (auto set = instance.set_input(ports_.tokens, TensorView{ports_.dtype, dims, ids}); !set) return set;
  return run();
}

Outcome<void> TokenLoop::run_pending(Instance& instance, const Run& run) {
  const size_t size = byte_size(ports_.dtype), count = pending_.size() / size;
  if (!ports_.keeps_states) {
    if (!ports_.count.holds(static_cast<uint32_t>(count)))
      return refuse(Errno::context_full, fmt::format("the model takes at most {} tokens", ports_.count.max));
    return feed(instance, run, count);
  }
  while (!pending_.empty()) {
    size_t piece = std::min<size_t>(pending_.size() / size, ports_.count.max);
    while (!ports_.count.holds(static_cast<uint32_t>(piece))) --piece;  // one token is held
    if (auto fed = feed(instance, run, piece); !fed) return fed;
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(piece * size));
  }
  return {};
}

Outcome<void> TokenLoop::step(Instance& instance, const Run& run) {
  if (ended_) return ended("the sequence has ended");
  if (most_ && made_ >= *most_) return ended(fmt::format("{} tokens were made", made_));
  if (pending_.empty()) return refuse(Errno::invalid_argument, "no prompt is set");
  token_.clear();
  if (auto ran = run_pending(instance, run); !ran) {
    Error error = std::move(ran).error();
    if (error.code == Errno::context_full && in_prompt_) error.code = Errno::prompt_too_long;
    return std::unexpected(std::move(error));
  }
  in_prompt_ = false;
  const auto output = instance.output(ports_.logits);
  if (!output) return std::unexpected(output.error());
  const size_t vocabulary = output->dims.empty() ? 0 : output->dims.back();
  if (output->data.size() < vocabulary * sizeof(float))
    return refuse(Errno::runtime_error, "the model gave no scores");
  std::vector<float> scores(vocabulary);
  if (vocabulary > 0)
    std::memcpy(scores.data(), output->data.last(vocabulary * sizeof(float)).data(),
                vocabulary * sizeof(float));
  const auto token = sampler_.choose(scores);
  if (!token) return std::unexpected(token.error());
  if (std::ranges::find(end_, int64_t{*token}) != end_.end())
    return ended(fmt::format("token {} ends the sequence", *token));
  for (size_t i = 0; i < byte_size(ports_.dtype); ++i)
    token_.push_back(i < sizeof *token ? static_cast<uint8_t>(*token >> (8 * i)) : uint8_t{0});
  pending_.insert(pending_.end(), token_.begin(), token_.end());
  ++made_;
  return {};
}

Outcome<TensorView> TokenLoop::token() const {
  static constexpr uint32_t kDims[] = {1};
  if (token_.empty()) return refuse(Errno::runtime_error, "there is no token: no compute_single() made one");
  return TensorView{ports_.dtype, kDims, token_};
}

}  // namespace weft::nn
