#include "nn/witx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "nn/guest_memory.hpp"
#include "nn/session.hpp"
#include "nn/tensor_types.hpp"
#include "nn/text.hpp"

namespace weft::nn {
namespace {

using Arguments = std::span<const uint32_t>;
using Done = Outcome<void>;

/// One call: what every function reads and writes.
struct Call {
  Session& session;
  GuestMemory memory;
  Arguments arguments;
  const Log& log;
};

std::unexpected<Error> forward(const Error& error) { return std::unexpected(error); }

/// Checks that the result has a place before anything is done, does it, and writes the handle.
template <class Make>
Done make_handle(const Call& call, uint32_t out, std::string_view what, Make make) {
  if (const auto place = call.memory.writable(out, 4, what); !place) return forward(place.error());
  const Outcome<Handle> handle = make();
  if (!handle) return forward(handle.error());
  call.memory.write_u32(out, *handle);
  return {};
}

/// graph_builder_array: {pointer, length} for each part.
Outcome<std::vector<std::span<const uint8_t>>> read_parts(const Call& call, uint32_t pointer,
                                                          uint32_t count) {
  const auto builders = call.memory.bytes(pointer, uint64_t{count} * 8, "the array of builders");
  if (!builders) return forward(builders.error());
  if (count > call.session.limits().parts) {
    return refuse(Errno::missing_memory, fmt::format("a model of {} parts, and this host takes {}", count,
                                                     call.session.limits().parts));
  }
  std::vector<std::span<const uint8_t>> parts;
  for (uint32_t i = 0; i < count; ++i) {
    const auto builder = builders->subspan(size_t{i} * 8, 8);
    const auto part =
        call.memory.bytes(read_u32(builder), read_u32(builder.subspan(4)), fmt::format("builder {}", i));
    if (!part) return forward(part.error());
    parts.push_back(*part);
  }
  return parts;
}

Done load(const Call& call) {
  return make_handle(call, call.arguments[4], "the place for the graph", [&]() -> Outcome<Handle> {
    const auto parts = read_parts(call, call.arguments[0], call.arguments[1]);
    if (!parts) return forward(parts.error());
    return call.session.load(*parts, call.arguments[2], call.arguments[3]);
  });
}

Outcome<std::string_view> read_text(const Call& call, uint32_t pointer, uint32_t length, uint32_t most,
                                    std::string_view what) {
  const auto bytes = call.memory.bytes(pointer, length, what);
  if (!bytes) return forward(bytes.error());
  if (length > most) {
    return refuse(Errno::missing_memory,
                  fmt::format("{} has {} bytes, and this host takes {}", what, length, most));
  }
  return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

Outcome<Handle> load_named(const Call& call, TokenOptions tokens) {
  const auto name =
      read_text(call, call.arguments[0], call.arguments[1], call.session.limits().name_bytes, "the name");
  if (!name) return forward(name.error());
  return call.session.load_by_name(*name, std::move(tokens));
}

Done load_by_name(const Call& call) {
  return make_handle(call, call.arguments[2], "the place for the graph",
                     [&] { return load_named(call, {}); });
}

/// What a configuration asks for that weft has nothing for is not followed, and not silently so.
void log_ignored(const Call& call, const std::vector<std::string>& keys) {
  if (keys.empty() || !call.log) return;
  std::string all;
  for (const std::string& key : keys) all += (all.empty() ? "" : ", ") + shown(key);
  call.log(fmt::format("load_by_name_with_config: keys that weft has nothing for are ignored: {}", all));
}

Done load_by_name_with_config(const Call& call) {
  return make_handle(call, call.arguments[4], "the place for the graph", [&]() -> Outcome<Handle> {
    const auto config = read_text(call, call.arguments[2], call.arguments[3],
                                  call.session.limits().config_bytes, "the configuration");
    if (!config) return forward(config.error());
    auto options = read_token_options(*config);
    if (!options) return forward(options.error());
    log_ignored(call, options->ignored);
    return load_named(call, std::move(*options));
  });
}

Done init_execution_context(const Call& call) {
  return make_handle(call, call.arguments[1], "the place for the context",
                     [&] { return call.session.init_execution_context(call.arguments[0]); });
}

/// tensor: {dimensions, their count, type u8 and three bytes of anything, data, its bytes}.
Done set_input(const Call& call) {
  constexpr uint32_t kMostDims = 255;
  const auto tensor = call.memory.bytes(call.arguments[2], 20, "the tensor");
  if (!tensor) return forward(tensor.error());
  const uint32_t rank = read_u32(tensor->subspan(4));
  const auto extents = call.memory.bytes(read_u32(*tensor), uint64_t{rank} * 4, "the tensor's dimensions");
  if (!extents) return forward(extents.error());
  if (rank > kMostDims)
    return refuse(Errno::invalid_argument, fmt::format("a tensor of {} dimensions", rank));
  const auto data =
      call.memory.bytes(read_u32(tensor->subspan(12)), read_u32(tensor->subspan(16)), "the tensor's data");
  if (!data) return forward(data.error());
  std::vector<uint32_t> dims(rank);
  for (uint32_t i = 0; i < rank; ++i) dims[i] = read_u32(extents->subspan(size_t{i} * 4));
  const auto type = witx_dtype((*tensor)[8], element_count(dims), data->size());
  if (!type) return forward(type.error());
  return call.session.set_input(call.arguments[0], call.arguments[1], TensorView{*type, dims, *data});
}

Done compute(const Call& call) { return call.session.compute(call.arguments[0]); }

/// Copies what `read` finds to the guest, or tells it how many bytes that would be.
template <class Read>
Done copy_output(const Call& call, Read read) {
  const uint32_t written = call.arguments[4];
  if (const auto place = call.memory.writable(written, 4, "the place for the number of bytes"); !place) {
    return forward(place.error());
  }
  const auto buffer = call.memory.writable(call.arguments[2], call.arguments[3], "the output buffer");
  if (!buffer) return forward(buffer.error());
  const Outcome<TensorView> output = read(call.arguments[0], call.arguments[1]);
  if (!output) return forward(output.error());
  const uint64_t size = output->data.size();
  const bool fits = size <= buffer->size();
  if (fits) std::ranges::copy(output->data, buffer->begin());
  // Last, so that it holds where a guest lets the two overlap.
  call.memory.write_u32(written, static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX)));
  if (fits) return {};
  return refuse(Errno::too_large, fmt::format("output {} has {} bytes, and the buffer {}", call.arguments[1],
                                              size, buffer->size()));
}

Done get_output(const Call& call) {
  return copy_output(call,
                     [&](Handle context, uint32_t index) { return call.session.output(context, index); });
}

Done compute_single(const Call& call) { return call.session.compute_single(call.arguments[0]); }

Done get_output_single(const Call& call) {
  return copy_output(
      call, [&](Handle context, uint32_t index) { return call.session.output_single(context, index); });
}

Done fini_single(const Call& call) { return call.session.fini_single(call.arguments[0]); }

Done finalize_execution_context(const Call& call) {
  return call.session.finalize_execution_context(call.arguments[0]);
}

Done unload(const Call& call) { return call.session.unload(call.arguments[0]); }

constexpr std::array kBodies = {
#define WEFT_NN_FUNCTION(name, parameters) &name,
#include "nn/functions.def"
#undef WEFT_NN_FUNCTION
};

}  // namespace

struct Host::State {
  Session session;
  Log log;
  bool busy = false;
};

Host::Host(Backend& backend, Registry& registry, Limits limits, Log log)
    : state_(new State{Session(backend, registry, limits), std::move(log)}) {}
Host::~Host() = default;
Host::Host(Host&&) noexcept = default;
Host& Host::operator=(Host&&) noexcept = default;

Errno Host::call(size_t function, std::span<const uint32_t> arguments, std::span<uint8_t> memory) {
  WEFT_CHECK(function < kBodies.size());
  const Function& row = functions()[function];
  WEFT_CHECK(arguments.size() == row.parameters);
  State& state = *state_;
  Done done;
  if (state.busy) {
    done = refuse(Errno::busy, "called from within another call");
  } else {
    state.busy = true;
    done = kBodies[function](Call{state.session, GuestMemory(memory), arguments, state.log});
    state.busy = false;
  }
  if (done) return Errno::success;
  // That is how a loop ends, and no failure.
  if (state.log && done.error().code != Errno::end_of_sequence)
    state.log(fmt::format("{}: {}: {}", row.name, to_string(done.error().code), done.error().text));
  return done.error().code;
}

}  // namespace weft::nn
