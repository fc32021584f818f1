// What the reference evaluators share: typed views of tensors, dispatch over element types. Internal to
// graph/.
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include "base/check.hpp"
#include "graph/eval.hpp"
#include "graph/strings.hpp"

namespace weft::graph::evaluators {

/// One operation to compute. `y` has its dtype, shape and (zeroed) bytes. No operand is f16 or bf16 but for
/// movements and cast: the driver widens them to f32 and rounds the result. In double precision every float
/// is f64.
struct Call {
  const Node& node;
  std::span<const Tensor* const> x;
  Tensor& y;
  Strings* strings = nullptr;  ///< null where none are known: folding

  template <class T>
  const T& attributes() const {
    const T* a = std::get_if<T>(&node.attributes);
    WEFT_CHECK(a != nullptr, "attributes of another operation");
    return *a;
  }
};
using Evaluator = Result<void> (*)(const Call&);

Result<void> cast(const Call& call);
Result<void> elementwise(const Call& call);
Result<void> reduce(const Call& call);
Result<void> arg_reduce(const Call& call);
Result<void> reduce_window(const Call& call);
Result<void> conv(const Call& call);
Result<void> conv_transpose(const Call& call);
Result<void> matmul(const Call& call);
Result<void> winograd_input(const Call& call);
Result<void> winograd_weights(const Call& call);
Result<void> winograd_output(const Call& call);
Result<void> reshape(const Call& call);
Result<void> transpose(const Call& call);
Result<void> expand(const Call& call);
Result<void> slice(const Call& call);
Result<void> concat(const Call& call);
Result<void> pad(const Call& call);
Result<void> resize(const Call& call);
Result<void> gather(const Call& call);
Result<void> iota(const Call& call);
Result<void> extents(const Call& call);
Result<void> scatter(const Call& call);
Result<void> set_slice(const Call& call);
Result<void> custom(const Call& call);

/// The result of `evaluate` on a tensor, converted to another float type (or copied).
Tensor convert(const Tensor& x, DType to);

// Tensors
// -----------------------------------------------------------------------------------------------------------

template <class T>
const T* data(const Tensor& t) {
  return reinterpret_cast<const T*>(t.bytes.data());
}
template <class T>
T* data(Tensor& t) {
  return reinterpret_cast<T*>(t.bytes.data());
}

inline int64_t element_count(std::span<const int64_t> shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

/// Row-major strides, in elements.
Ints strides_of(std::span<const int64_t> shape);

/// Fails with `limit` when the bytes do not fit in an address space of 32 bits.
Result<Tensor> make_tensor(DType dtype, Ints shape);

/// Advances a row-major odometer; false after the last position.
inline bool next_index(Ints& index, std::span<const int64_t> shape) {
  for (size_t i = shape.size(); i-- > 0;) {
    if (++index[i] < shape[i]) return true;
    index[i] = 0;
  }
  return false;
}

// Dispatch
// ----------------------------------------------------------------------------------------------------------

/// Calls f with std::type_identity<T> of the C++ type that elements of `type` are stored and computed in;
/// booleans are uint8_t. f16 and bf16 have none.
template <class F>
void with_type(DType type, F&& f) {
  switch (type) {
    case DType::f64: return f(std::type_identity<double>{});
    case DType::f32: return f(std::type_identity<float>{});
    case DType::i64: return f(std::type_identity<int64_t>{});
    case DType::i32: return f(std::type_identity<int32_t>{});
    case DType::i16: return f(std::type_identity<int16_t>{});
    case DType::i8: return f(std::type_identity<int8_t>{});
    case DType::u64: return f(std::type_identity<uint64_t>{});
    case DType::u32: return f(std::type_identity<uint32_t>{});
    case DType::u16: return f(std::type_identity<uint16_t>{});
    case DType::u8:
    case DType::boolean: return f(std::type_identity<uint8_t>{});
    case DType::f16:
    case DType::bf16: break;
  }
  WEFT_UNREACHABLE("arithmetic on a 16-bit float");
}

/// Calls f with std::type_identity<U>, an unsigned integer as wide as an element: for what only moves bits.
template <class F>
void with_width(DType type, F&& f) {
  switch (byte_size(type)) {
    case 1: return f(std::type_identity<uint8_t>{});
    case 2: return f(std::type_identity<uint16_t>{});
    case 4: return f(std::type_identity<uint32_t>{});
    default: return f(std::type_identity<uint64_t>{});
  }
}

}  // namespace weft::graph::evaluators
