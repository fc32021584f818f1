// Seeded tensors of any type.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include "graph/eval.hpp"
#include "graph/half.hpp"

namespace weft::testing {

/// The values that a random tensor holds.
struct Values {
  double low = -3, high = 3;  ///< of floats; integers of 32 bits and more are rounded to the range too
  bool special = false;       ///< floats also: zeros of both signs, infinities, NaN, subnormals, huge ones
  int64_t indices = 0;        ///< > 0: i64 and i32 tensors hold indices into [-indices, indices)
};

inline double half_value(const uint8_t* at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return graph::widen_half(DType::f16, bits);
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0xd1b54a32d192ed03u + 0x7654321u) {}
  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

inline double random_float(Random& random, const Values& how) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kSpecial[] = {0.0,   -0.0,   kInf, -kInf, std::numeric_limits<double>::quiet_NaN(),
                                 1e-40, -1e-40, 1e30, -1e30, 0.5,
                                 1.5,   2.5,    -0.5, 1.0,   -1.0,
                                 3.0};
  if (how.special && random.chance(40)) return kSpecial[random.below(std::size(kSpecial))];
  return random.uniform(how.low, how.high);
}

template <class T>
void put(std::vector<uint8_t>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

inline void put_random(std::vector<uint8_t>& bytes, DType dtype, Random& random, const Values& how) {
  const auto whole = [&] {
    if (how.indices > 0) return random.below(2 * how.indices) - how.indices;
    return static_cast<int64_t>(std::floor(random.uniform(4 * how.low, 4 * how.high)));
  };
  switch (dtype) {
    case DType::f64: return put(bytes, random_float(random, how));
    case DType::f32: return put(bytes, static_cast<float>(random_float(random, how)));
    case DType::f16:  // -2 to 2 in steps of 1/1024 … by exponent
      return put(bytes, static_cast<uint16_t>(random.below(0x4000) | random.below(2) << 15));
    case DType::bf16: return put(bytes, static_cast<uint16_t>(random.below(0x4000) | random.below(2) << 15));
    case DType::i64: return put(bytes, whole());
    case DType::i32: return put(bytes, static_cast<int32_t>(whole()));
    case DType::u64: return put(bytes, static_cast<uint64_t>(std::abs(whole())));
    case DType::u32: return put(bytes, static_cast<uint32_t>(std::abs(whole())));
    case DType::i16:
    case DType::u16: return put(bytes, static_cast<uint16_t>(random.next()));
    case DType::i8:
    case DType::u8: return put(bytes, static_cast<uint8_t>(random.next()));
    case DType::boolean: return put(bytes, static_cast<uint8_t>(random.below(2)));
  }
}

inline graph::Tensor random_tensor(const graph::Type& type, uint64_t seed, const Values& how = {}) {
  graph::Tensor tensor{type.dtype, *graph::constant_shape(type.shape), {}};
  int64_t count = 1;
  for (const int64_t extent : tensor.shape) count *= extent;
  Random random(seed);
  for (int64_t i = 0; i < count; ++i) put_random(tensor.bytes, type.dtype, random, how);
  return tensor;
}

}  // namespace weft::testing
