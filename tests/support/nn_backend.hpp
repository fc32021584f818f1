// A backend of wasi-nn without an engine: its models are recipes in text that look like ONNX from outside,
// and do what they say.
//
//   identity f32 2 3      one input, one output, the same
//   swap u8 1-8           two inputs, two outputs, crossed
//   bytes i64 4           one input; output: i64[1], the sum of its bytes
//   trap u8 4             as identity, but a first byte of 255 is a trap
//   agree f32 1-4         as swap, but inputs of different shapes contradict each other
//   reenter u8 1          as identity, after calling FakeBackend::during_compute
//   count i64 1 1-4       a decoder of 16 tokens that keeps what it has seen, at most 10 ids: output f32 of
//   the
//                         shape [1, n, 16]; the next token is the sum of all ids, and the one after it half
//                         as good
//   again i64 1 1-4       the same of the ids of this run, nothing kept
//   refused, broken, greedy, silent, nothing      do not load, or do not start
//   grow u8 1-9999        as identity, and the instance takes as many bytes more as its largest input had
// A dimension is an extent, MIN-MAX or MIN-MAX/STEP; every instance takes 1000 bytes when it begins.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/backend.hpp"

namespace weft::nn {

/// The bytes of a model file with this recipe (at most 127 characters): ir_version 8, and the recipe as the
/// graph.
inline std::vector<uint8_t> fake_model(std::string_view recipe) {
  std::vector<uint8_t> bytes = {0x08, 0x08, 0x3A, static_cast<uint8_t>(recipe.size())};
  bytes.insert(bytes.end(), recipe.begin(), recipe.end());
  return bytes;
}

/// What there is of the backend's at a time.
struct FakeCounts {
  int loads = 0;
  int models = 0;
  int instances = 0;
};

struct FakeTensor {
  std::vector<uint32_t> dims;
  std::vector<uint8_t> data;
  bool operator==(const FakeTensor&) const = default;
};

struct FakeShared {
  FakeCounts counts;
  std::function<void()> during_compute;
  std::vector<uint32_t> runs;  ///< of decoders: how many ids each run had
};

class FakeInstance : public Instance {
 public:
  FakeInstance(std::string kind, DType dtype, std::shared_ptr<FakeShared> shared)
      : kind_(std::move(kind)), dtype_(dtype), shared_(std::move(shared)), inputs_(2) {
    ++shared_->counts.instances;
  }
  ~FakeInstance() override { --shared_->counts.instances; }

  Outcome<void> set_input(uint32_t index, const TensorView& tensor) override {
    if (tensor.dtype != dtype_) std::abort();
    inputs_.at(index) = {{tensor.dims.begin(), tensor.dims.end()}, {tensor.data.begin(), tensor.data.end()}};
    return {};
  }

  uint64_t bytes() const override { return bytes_; }

  Outcome<void> compute(uint64_t most_bytes) override {
    if (kind_ == "grow") {
      const uint64_t need = std::max<uint64_t>(bytes_, 1000 + inputs_[0].data.size());
      if (need > most_bytes) return refuse(Errno::missing_memory, "the inputs need more memory");
      bytes_ = need;
    }
    if (kind_ == "trap" && !inputs_[0].data.empty() && inputs_[0].data[0] == 255) {
      return refuse(Errno::runtime_error, "trap: unreachable");
    }
    if (kind_ == "agree" && inputs_[0].dims != inputs_[1].dims) {
      return refuse(Errno::invalid_argument, "inputs 0 and 1 have different extents of one symbol");
    }
    if (kind_ == "silent") return std::unexpected(Error{Errno::success, ""});
    if (kind_ == "reenter" && shared_->during_compute) shared_->during_compute();
    if (kind_ == "count" || kind_ == "again") return decode();
    outputs_ = inputs_;
    if (kind_ == "swap" || kind_ == "agree") std::swap(outputs_[0], outputs_[1]);
    if (kind_ == "bytes") {
      uint64_t sum = std::accumulate(inputs_[0].data.begin(), inputs_[0].data.end(), uint64_t{0});
      outputs_[0] = {{1}, std::vector<uint8_t>(8)};
      for (auto& byte : outputs_[0].data) byte = static_cast<uint8_t>(std::exchange(sum, sum >> 8));
    }
    return {};
  }

  void reset() override { seen_ = sum_ = 0; }

  Outcome<TensorView> output(uint32_t index) override {
    const FakeTensor& tensor = outputs_.at(index);
    const bool scores = kind_ == "count" || kind_ == "again";
    return TensorView{kind_ == "bytes" ? DType::i64 : scores ? DType::f32 : dtype_, tensor.dims, tensor.data};
  }

 private:
  Outcome<void> decode() {
    constexpr uint32_t kRoom = 10, kVocabulary = 16;
    if (kind_ == "again") seen_ = sum_ = 0;
    const uint32_t count = inputs_[0].dims.back();
    if (kind_ == "count" && seen_ + count > kRoom) return refuse(Errno::context_full, "the states are full");
    seen_ += count;
    shared_->runs.push_back(count);
    std::vector<float> scores;
    for (uint32_t i = 0; i < count; ++i) {
      sum_ += inputs_[0].data[i * byte_size(dtype_)];
      for (uint32_t token = 0; token < kVocabulary; ++token)
        scores.push_back(token == sum_ % kVocabulary         ? 1.0F
                         : token == (sum_ + 1) % kVocabulary ? 0.5F
                                                             : 0.0F);
    }
    outputs_[0] = {{1, count, kVocabulary}, std::vector<uint8_t>(scores.size() * 4)};
    std::memcpy(outputs_[0].data.data(), scores.data(), outputs_[0].data.size());
    return {};
  }

  std::string kind_;
  DType dtype_;
  std::shared_ptr<FakeShared> shared_;
  std::vector<FakeTensor> inputs_, outputs_ = std::vector<FakeTensor>(2);
  uint64_t bytes_ = 1000;
  uint32_t seen_ = 0, sum_ = 0;
};

class FakeModel : public Model {
 public:
  FakeModel(std::string kind, Port port, std::shared_ptr<FakeShared> shared)
      : kind_(std::move(kind)), shared_(std::move(shared)) {
    const size_t count = kind_ == "swap" || kind_ == "agree" ? 2 : 1;
    for (size_t i = 0; i < count; ++i) {
      port.name = "in" + std::to_string(i);
      inputs_.push_back(port);
      port.name = "out" + std::to_string(i);
      if (kind_ == "bytes") outputs_.push_back({port.name, DType::i64, {Range{}}});
      else if (kind_ == "count" || kind_ == "again")
        outputs_.push_back({port.name, DType::f32, {Range{}, port.dims.back(), Range{16, 16}}});
      else outputs_.push_back(port);
    }
    ++shared_->counts.models;
  }
  ~FakeModel() override { --shared_->counts.models; }

  std::span<const Port> inputs() const override { return inputs_; }
  std::span<const Port> outputs() const override { return outputs_; }
  bool keeps_states() const override { return kind_ == "count"; }
  uint64_t instance_bytes() const override { return 1000; }
  Outcome<std::unique_ptr<Instance>> instantiate() override {
    if (kind_ == "greedy") return refuse(Errno::missing_memory, "the engine has no memory left");
    if (kind_ == "nothing") return nullptr;
    return std::make_unique<FakeInstance>(kind_, inputs_[0].dtype, shared_);
  }

 private:
  std::string kind_;
  std::shared_ptr<FakeShared> shared_;
  std::vector<Port> inputs_, outputs_;
};

class FakeBackend : public Backend {
 public:
  std::shared_ptr<FakeShared> shared = std::make_shared<FakeShared>();
  const FakeCounts& counts() const { return shared->counts; }

  Outcome<std::shared_ptr<Model>> load(std::span<const std::span<const uint8_t>> parts, Encoding encoding,
                                       Target target) override {
    ++shared->counts.loads;
    if (target != Target::cpu || (encoding != Encoding::onnx && encoding != Encoding::autodetect))
      std::abort();
    if (parts[0][0] == 0) return refuse(Errno::invalid_encoding, "this module is no weft bundle");
    const auto recipe = parts[0].subspan(std::min<size_t>(4, parts[0].size()));
    return model({reinterpret_cast<const char*>(recipe.data()), recipe.size()});
  }

  Outcome<std::shared_ptr<Model>> model(std::string_view recipe) {
    std::string kind(word(recipe));
    if (kind == "refused")
      return refuse(Errno::unsupported_operation, "operators that weft does not have: Frobnicate");
    if (kind == "nothing" && recipe.empty()) return nullptr;
    static constexpr std::string_view kKinds[] = {"identity", "swap",    "bytes", "trap",
                                                  "agree",    "reenter", "grow",  "greedy",
                                                  "silent",   "nothing", "count", "again"};
    const bool known = std::ranges::find(kKinds, kind) != std::end(kKinds);
    const auto dtype = parse_dtype(word(recipe));
    if (!known || !dtype) return refuse(Errno::invalid_encoding, "the graph is malformed");
    Port port{"", *dtype, {}};
    while (!recipe.empty()) port.dims.push_back(range(word(recipe)));
    if (port.dims.empty() && (kind == "count" || kind == "again"))
      return refuse(Errno::invalid_encoding, "a decoder has a shape");
    return std::make_shared<FakeModel>(std::move(kind), std::move(port), shared);
  }

 private:
  /// Takes the first word off.
  static std::string_view word(std::string_view& text) {
    const std::string_view first = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), first.size() + 1));
    return first;
  }
  static Range range(std::string_view text) {
    const auto number = [&](char before, uint32_t otherwise) {
      const size_t at = before == 0 ? 0 : text.find(before) + 1;
      if (before != 0 && at == 0) return otherwise;
      uint32_t value = otherwise;
      std::from_chars(text.data() + at, text.data() + text.size(), value);
      return value;
    };
    const uint32_t least = number(0, 1);
    return {least, number('-', least), number('/', 1)};
  }
};

}  // namespace weft::nn
