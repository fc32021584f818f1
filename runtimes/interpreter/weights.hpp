// Constants of a model in memory: as they are, and as kernels want them; one of each, whatever shapes ask.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "graph/eval.hpp"
#include "graph/graph.hpp"
#include "interpreter/memory.hpp"

namespace weft::interpreter {

/// A buffer whose address has an address.
class Held {
 public:
  explicit Held(uint64_t bytes) : buffer_(bytes), address_(buffer_.data()) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  bool good() const { return buffer_.good(); }
  uint8_t* data() const { return buffer_.data(); }
  uint64_t bytes() const { return buffer_.bytes(); }
  uint8_t* const* address() const { return &address_; }

 private:
  Buffer buffer_;
  uint8_t* address_;
};

/// The right operands of products: panels of k x 8 columns, the rest of the last one zeros, and as many
/// biases.
struct Panels {
  Buffer values, bias;
  int64_t k = 0, columns = 0;

  int64_t panels() const { return (columns + 7) / 8; }
  const float* panel(int64_t p) const { return values.floats() + p * k * 8; }
};

class Weights {
 public:
  /// A constant of `g`, row-major.
  Result<std::shared_ptr<const Held>> tensor(const graph::Graph& g, graph::ValueId value, const Blobs& blobs);
  /// What `make` makes of a constant, by the name of the form; made once for a range of the model's bytes,
  /// and kept.
  template <class T, class Make>
  Result<std::shared_ptr<const T>> made(const std::string& form, const graph::Graph& g, graph::ValueId value,
                                        Make&& make) {
    const auto* range = std::get_if<BlobRange>(&g.constants.at(value));
    if (range == nullptr) return make();
    const std::string key = key_of(form, *range);
    if (const auto found = made_.find(key); found != made_.end())
      return std::static_pointer_cast<const T>(found->second);
    Result<std::shared_ptr<const T>> object = make();
    if (object) made_[key] = *object;
    return object;
  }

 private:
  static std::string key_of(const std::string& form, const BlobRange& range);

  std::map<std::string, std::shared_ptr<const void>> made_;
};

}  // namespace weft::interpreter
