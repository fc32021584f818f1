// Any sequence of calls to the WIT interface, with any resources that a guest may have then: no access
// outside of what was given (AddressSanitizer looks), an error with a code and a text or a result, one line
// in the log for each failure, nothing kept beyond the limits or after all has been dropped.

// seeds by: tests/fuzz/nn_wit_seeds.py

#include <algorithm>
#include <array>
#include <cstdlib>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "nn/wit.hpp"
#include "support/nn_backend.hpp"

namespace {

using namespace weft::nn;
using weft::nn::wit::ErrorCode;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The input: integers and bytes from its front, zeros when it has ended.
class Source {
 public:
  Source(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool ended() const { return rest_.empty(); }
  uint32_t integer(uint32_t bytes) {
    uint32_t value = 0;
    for (const uint8_t byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  /// A copy of exactly its size, so that AddressSanitizer sees the end.
  std::vector<uint8_t> bytes(size_t count) {
    const auto taken = take(count);
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const uint8_t> take(size_t count) {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::span<const uint8_t> rest_;
};

constexpr Limits kLimits{.graphs = 4, .contexts = 6, .bytes = 9000, .tensors = 12, .parts = 4};

/// The recipes of tests/support/nn_backend.hpp, all kinds and a few shapes.
constexpr std::array kRecipes = {"identity f32 2 3",   "identity u8 1-40", "identity f64", "identity bf16 4",
                                 "identity i64 1-4/2", "swap u8 1-8",      "bytes i64 4",  "trap u8 4",
                                 "agree f32 1-4",      "grow u8 1-9999",   "refused",      "broken",
                                 "greedy u8 1",        "silent u8 1",      "nothing u8 1", "reenter u8 1"};
constexpr std::array kNames = {"in0", "in1", "0", "1", "2", "", "out0", "-1", "00", "99999999999"};

class Guest {
 public:
  Guest(wit::Host& host, size_t& lines, Source& source) : host_(host), lines_(lines), source_(source) {}

  void step() {
    const size_t before = lines_;
    const bool failed = !once(source_.integer(1) % 8);
    require(lines_ == before + (failed ? 1 : 0));
    require(tensors_.size() <= kLimits.tensors);
  }

 private:
  template <class T>
  bool answered(const wit::Reply<T>& reply) {
    if (reply) return true;
    require(reply.error().code <= ErrorCode::not_found && !reply.error().data.empty());
    return false;
  }

  template <class T>
  T any(const std::vector<T>& kept) {
    const uint32_t index = source_.integer(1);
    return index < kept.size() ? kept[index] : index;
  }
  static void remember(std::vector<Handle>& kept, Handle handle) {
    require(std::ranges::find(kept, handle) == kept.end());  // never used again
    kept.push_back(handle);
  }
  std::list<wit::Tensor>::iterator any_tensor() {
    return std::next(tensors_.begin(), source_.integer(1) % tensors_.size());
  }

  bool once(uint32_t operation) {
    switch (operation) {
      case 0: return load();
      case 1: {
        const auto name = source_.bytes(source_.integer(1) % 8);
        const auto graph = host_.load_by_name({reinterpret_cast<const char*>(name.data()), name.size()});
        if (graph) remember(graphs_, *graph);
        return answered(graph);
      }
      case 2: {
        const auto context = host_.init_execution_context(any(graphs_));
        if (context) remember(contexts_, *context);
        return answered(context);
      }
      case 3: return make_tensor();
      case 4: return compute();
      case 5: host_.drop_graph(any(graphs_)); return true;
      case 6: host_.drop_context(any(contexts_)); return true;
      default:
        if (!tensors_.empty()) tensors_.erase(any_tensor());
        return true;
    }
  }

  bool load() {
    std::vector<std::vector<uint8_t>> parts;
    for (uint32_t i = source_.integer(1) % 6; i > 0; --i) {
      const uint32_t kind = source_.integer(1);
      parts.push_back(kind < 240 ? fake_model(kRecipes[kind % kRecipes.size()])
                                 : source_.bytes(source_.integer(1)));
    }
    const std::vector<std::span<const uint8_t>> spans(parts.begin(), parts.end());
    const uint32_t encoding = source_.integer(1), target = source_.integer(1);
    const auto graph = host_.load(spans, encoding % 8, target > 250 ? target : target > 240 ? 1 : 0);
    if (graph) remember(graphs_, *graph);
    return answered(graph);
  }

  bool make_tensor() {
    std::vector<uint32_t> dims;
    for (uint32_t i = source_.integer(1) % 5; i > 0; --i) dims.push_back(source_.integer(1));
    if (source_.integer(1) > 250) dims.push_back(source_.integer(4));
    const auto type = static_cast<wit::TensorType>(source_.integer(1) % 7);
    const auto data = source_.bytes(source_.integer(1));
    auto tensor = host_.tensor(dims, type, data);
    if (!answered(tensor)) return false;
    require(std::ranges::equal(tensor->dimensions(), dims) && tensor->ty() == type &&
            std::ranges::equal(tensor->data(), data));
    tensors_.push_back(std::move(*tensor));
    return true;
  }

  bool compute() {
    std::vector<wit::Input> inputs;
    for (uint32_t i = source_.integer(1) % 4; i > 0 && !tensors_.empty(); --i) {
      const char* name = kNames[source_.integer(1) % kNames.size()];
      inputs.push_back({name, &*any_tensor()});
    }
    auto outputs = host_.compute(any(contexts_), inputs);
    if (!answered(outputs)) return false;
    require(!outputs->empty());
    for (wit::Output& output : *outputs) {
      require(output.name.starts_with("out") && static_cast<uint32_t>(output.tensor.ty()) < 7);
      tensors_.push_back(std::move(output.tensor));
    }
    return true;
  }

  wit::Host& host_;
  size_t& lines_;
  Source& source_;
  // All that there ever were, so that stale ones are asked for too.
  std::vector<Handle> graphs_;
  std::vector<Handle> contexts_;
  std::list<wit::Tensor> tensors_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Source source(data, size);
  FakeBackend backend;
  {
    Registry registry;
    registry.add("m", [&] { return backend.model("bytes u8 1-8"); });
    registry.add("bad", [&] { return backend.model("refused"); });
    size_t lines = 0;
    wit::Host host(backend, registry, kLimits, [&](std::string_view line) {
      require(!line.empty() && line.find('\n') == std::string_view::npos);
      ++lines;
    });
    backend.shared->during_compute = [&] {
      require(host.load_by_name("m").error().code == ErrorCode::runtime_error);
    };
    Guest guest(host, lines, source);
    while (!source.ended()) {
      guest.step();
      require(backend.counts().instances <= 6);
      require(backend.counts().models <= 6);  // four graphs, and the registry's two
    }
  }
  require(backend.counts().instances == 0);
  require(backend.counts().models == 0);
  return 0;
}
