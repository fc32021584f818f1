// What only moves elements: each result element comes from one place, or is a fill value.
#include <algorithm>
#include <cstring>

#include "graph/eval_movement.hpp"
#include "graph/evaluators.hpp"

namespace weft::graph::evaluators {
namespace {

template <class T>
void copy_mapped_as(const Tensor& x, const AxisMaps& maps, T fill, Tensor& y) {
  if (element_count(y.shape) == 0) return;
  Ints outer = y.shape;
  const int64_t count = outer.empty() ? 1 : outer.back();
  static const Ints kNone = {0};
  const Ints& last = outer.empty() ? kNone : maps.back();
  if (!outer.empty()) outer.pop_back();
  Ints index(outer.size(), 0);
  const T* from = data<T>(x);
  T* to = data<T>(y);
  do {
    int64_t offset = 0;
    bool inside = true;
    for (size_t i = 0; i < index.size(); ++i) {
      const int64_t step = maps[i][static_cast<size_t>(index[i])];
      inside = inside && step != kFill;
      offset += step;
    }
    for (int64_t i = 0; i < count; ++i) {
      const int64_t step = last[static_cast<size_t>(i)];
      to[i] = inside && step != kFill ? from[offset + step] : fill;
    }
    to += count;
  } while (next_index(index, outer));
}

/// The values of expressions that must be constant by now.
Result<Ints> constants(const Shape& shape) {
  std::optional<Ints> values = constant_shape(shape);
  if (!values) return fail(ErrorKind::unsupported, "the evaluator needs constant shapes");
  return std::move(*values);
}

/// Where padding takes its element from on an axis of extent n; kFill for the constant mode.
int64_t padded_source(PadMode mode, int64_t at, int64_t n) {
  if (at >= 0 && at < n) return at;
  if (mode == PadMode::constant || n == 0) return kFill;
  if (mode == PadMode::edge || n == 1) return std::clamp<int64_t>(at, 0, n - 1);
  const int64_t period = 2 * (n - 1);
  const int64_t folded = (at % period + period) % period;
  return folded < n ? folded : period - folded;
}

/// The bits of PadAttributes::value in the tensor's type.
Tensor fill_tensor(double value, DType dtype) {
  Tensor wide{DType::f64, {}, std::vector<uint8_t>(sizeof(double))};
  data<double>(wide)[0] = value;
  return convert(wide, dtype);
}

}  // namespace

void copy_mapped(const Tensor& x, const AxisMaps& maps, const void* fill, Tensor& y) {
  with_width(y.dtype, [&]<class T>(std::type_identity<T>) {
    T value = 0;
    if (fill) std::memcpy(&value, fill, sizeof(T));
    copy_mapped_as<T>(x, maps, value, y);
  });
}

Result<void> reshape(const Call& call) {
  call.y.bytes = call.x[0]->bytes;
  return {};
}

Result<void> transpose(const Call& call) {
  const Ints& permutation = call.attributes<TransposeAttributes>().permutation;
  const Ints strides = strides_of(call.x[0]->shape);
  AxisMaps maps(call.y.shape.size());
  for (size_t i = 0; i < maps.size(); ++i)
    for (int64_t k = 0; k < call.y.shape[i]; ++k)
      maps[i].push_back(k * strides[static_cast<size_t>(permutation[i])]);
  copy_mapped(*call.x[0], maps, nullptr, call.y);
  return {};
}

Result<void> expand(const Call& call) {
  const Ints& from = call.x[0]->shape;
  const Ints strides = strides_of(from);
  const size_t missing = call.y.shape.size() - from.size();
  AxisMaps maps(call.y.shape.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    const int64_t stride = i < missing || from[i - missing] == 1 ? 0 : strides[i - missing];
    for (int64_t k = 0; k < call.y.shape[i]; ++k) maps[i].push_back(k * stride);
  }
  copy_mapped(*call.x[0], maps, nullptr, call.y);
  return {};
}

Result<void> slice(const Call& call) {
  const auto& a = call.attributes<SliceAttributes>();
  WEFT_ASSIGN(starts, constants(a.starts));
  const Ints strides = strides_of(call.x[0]->shape);
  AxisMaps maps(call.y.shape.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    for (int64_t k = 0; k < call.y.shape[i]; ++k) {
      const int64_t at = starts[i] + k * a.steps[i];
      if (at < 0 || at >= call.x[0]->shape[i])
        return fail(ErrorKind::invalid_model, "a slice reaches outside its operand", call.node.source);
      maps[i].push_back(at * strides[i]);
    }
  }
  copy_mapped(*call.x[0], maps, nullptr, call.y);
  return {};
}

Result<void> set_slice(const Call& call) {
  WEFT_ASSIGN(starts, constants(call.attributes<SetSliceAttributes>().starts));
  const Tensor& part = *call.x[1];
  const Ints strides = strides_of(call.y.shape);
  call.y.bytes = call.x[0]->bytes;
  const int64_t elements = element_count(part.shape);
  const size_t rank = starts.size(), size = byte_size(part.dtype);
  for (size_t i = 0; i < rank && elements > 0; ++i)
    if (starts[i] < 0 || starts[i] > call.y.shape[i] - part.shape[i])
      return fail(ErrorKind::invalid_model, "a slice reaches outside its operand", call.node.source);
  Ints at(rank, 0);
  for (int64_t n = 0; n < elements; ++n) {
    int64_t to = 0;
    for (size_t i = 0; i < rank; ++i) to += (starts[i] + at[i]) * strides[i];
    std::memcpy(call.y.bytes.data() + static_cast<size_t>(to) * size,
                part.bytes.data() + static_cast<size_t>(n) * size, size);
    for (size_t i = rank; i-- > 0 && ++at[i] == part.shape[i];) at[i] = 0;
  }
  return {};
}

Result<void> concat(const Call& call) {
  const auto axis = static_cast<size_t>(call.attributes<ConcatAttributes>().axis);
  const int64_t outer = element_count(std::span(call.y.shape).first(axis));
  uint8_t* to = call.y.bytes.data();
  for (int64_t o = 0; o < outer; ++o) {
    for (const Tensor* x : call.x) {
      const auto block =
          static_cast<size_t>(element_count(std::span(x->shape).subspan(axis))) * byte_size(x->dtype);
      if (block == 0) continue;
      std::memcpy(to, x->bytes.data() + static_cast<size_t>(o) * block, block);
      to += block;
    }
  }
  return {};
}

Result<void> pad(const Call& call) {
  const auto& a = call.attributes<PadAttributes>();
  const Ints& from = call.x[0]->shape;
  const Ints strides = strides_of(from);
  AxisMaps maps(from.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    for (int64_t k = 0; k < call.y.shape[i]; ++k) {
      const int64_t source = padded_source(a.mode, k - a.begin[i], from[i]);
      maps[i].push_back(source == kFill ? kFill : source * strides[i]);
    }
  }
  const Tensor fill = fill_tensor(a.value, call.y.dtype);
  copy_mapped(*call.x[0], maps, fill.bytes.data(), call.y);
  return {};
}

Result<void> gather(const Call& call) {
  const Tensor& x = *call.x[0];
  const Tensor indices = convert(*call.x[1], DType::i64);
  const auto axis = static_cast<size_t>(call.attributes<AxisAttributes>().axis);
  const int64_t outer = element_count(std::span(x.shape).first(axis));
  const int64_t n = x.shape[axis];
  const auto block =
      static_cast<size_t>(element_count(std::span(x.shape).subspan(axis + 1))) * byte_size(x.dtype);
  const int64_t count = element_count(indices.shape);
  uint8_t* to = call.y.bytes.data();
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < count; ++i) {
      int64_t at = data<int64_t>(indices)[i];
      if (at < 0) at += n;
      if (at < 0 || at >= n)
        return fail(ErrorKind::invalid_argument, "an index of gather is out of range", call.node.source);
      if (block == 0) continue;
      std::memcpy(to, x.bytes.data() + static_cast<size_t>(o * n + at) * block, block);
      to += block;
    }
  }
  return {};
}

Result<void> iota(const Call& call) {
  const auto axis = static_cast<size_t>(call.attributes<IotaAttributes>().axis);
  const int64_t block = element_count(std::span(call.y.shape).subspan(axis + 1));
  const int64_t n = element_count(call.y.shape);
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    T* y = data<T>(call.y);
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(i / block % call.y.shape[axis]);
  });
  return {};
}

Result<void> extents(const Call& call) {
  WEFT_ASSIGN(values, constants(call.attributes<ExtentsAttributes>().values));
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    for (size_t i = 0; i < values.size(); ++i) data<T>(call.y)[i] = static_cast<T>(values[i]);
  });
  return {};
}

}  // namespace weft::graph::evaluators
