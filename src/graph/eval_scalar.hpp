// The scalar meaning of each elementwise operation of ops.def, by its name. Integers wrap; float functions
// are those of base/elementary.hpp. Internal to graph/.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/elementary.hpp"

namespace weft::graph::scalar {

template <class T>
concept Float = std::floating_point<T>;
template <class T>
concept Integer = std::integral<T>;

/// Arithmetic modulo 2^64, cut to T: two's complement wrapping of every width.
template <Integer T>
uint64_t wide(T a) {
  return static_cast<uint64_t>(a);
}

/// |a| mod |b| with a's sign, exact: long division in binary, as C's fmod.
template <Float T>
T remainder(T a, T b) {
  T rest = std::fabs(a);
  const T divisor = std::fabs(b);
  if (!(divisor > 0) || !(rest < std::numeric_limits<T>::infinity()))
    return std::numeric_limits<T>::quiet_NaN();
  if (divisor == std::numeric_limits<T>::infinity()) return a;
  T step = divisor;
  while (step <= rest / 2) step *= 2;
  for (; step >= divisor; step /= 2)
    if (rest >= step) rest -= step;
  return std::copysign(rest, a);
}
template <Integer T>
T remainder(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>)
    if (b == -1) return 0;
  return static_cast<T>(a % b);
}

struct neg {
  template <Float T>
  static T of(T a) {
    return -a;
  }
  template <Integer T>
  static T of(T a) {
    return static_cast<T>(0 - wide(a));
  }
};

struct abs {
  template <Float T>
  static T of(T a) {
    return std::fabs(a);
  }
  template <Integer T>
  static T of(T a) {
    return a < 0 ? static_cast<T>(0 - wide(a)) : a;
  }
};

struct sign {
  template <Float T>
  static T of(T a) {
    return a > 0 ? T{1} : a < 0 ? T{-1} : a;
  }
  template <Integer T>
  static T of(T a) {
    return static_cast<T>((a > 0) - (a < 0));
  }
};

struct floor {
  template <Float T>
  static T of(T a) {
    return std::floor(a);
  }
};
struct ceil {
  template <Float T>
  static T of(T a) {
    return std::ceil(a);
  }
};
struct round {
  template <Float T>
  static T of(T a) {
    return std::rint(a);
  }
};
struct sqrt {
  template <Float T>
  static T of(T a) {
    return std::sqrt(a);
  }
};

#define WEFT_ELEMENTARY(name)                            \
  struct name {                                          \
    static float of(float a) { return name##_f32(a); }   \
    static double of(double a) { return name##_f64(a); } \
    static void of(Integer auto) = delete;               \
  };
WEFT_ELEMENTARY(exp)
WEFT_ELEMENTARY(log)
WEFT_ELEMENTARY(sin)
WEFT_ELEMENTARY(cos)
WEFT_ELEMENTARY(atan)
WEFT_ELEMENTARY(erf)
WEFT_ELEMENTARY(tanh)
WEFT_ELEMENTARY(sigmoid)
#undef WEFT_ELEMENTARY

struct logical_not {
  template <Integer T>
  static T of(T a) {
    return a == 0;
  }
};
struct is_nan {
  template <Float T>
  static bool of(T a) {
    return a != a;
  }
};

struct add {
  template <Float T>
  static T of(T a, T b) {
    return a + b;
  }
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) + wide(b));
  }
};

struct sub {
  template <Float T>
  static T of(T a, T b) {
    return a - b;
  }
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) - wide(b));
  }
};

struct mul {
  template <Float T>
  static T of(T a, T b) {
    return a * b;
  }
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) * wide(b));
  }
};

// Integers as Loop IR has them: x / 0 = 0, min / -1 = min.
struct div {
  template <Float T>
  static T of(T a, T b) {
    return a / b;
  }
  template <Integer T>
  static T of(T a, T b) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return neg::of(a);
    return static_cast<T>(a / b);
  }
};

/// The remainder with the sign of the divisor (Python's %).
struct mod {
  template <class T>
  static T of(T a, T b) {
    const T rest = remainder(a, b);
    if (rest == 0 || (rest < 0) == (b < 0)) return rest;
    return add::of(rest, b);
  }
};
/// The remainder with the sign of the dividend (C's fmod).
struct truncated_mod {
  template <class T>
  static T of(T a, T b) {
    return remainder(a, b);
  }
};

struct pow {
  static float of(float a, float b) { return pow_f32(a, b); }
  static double of(double a, double b) { return pow_f64(a, b); }
  /// By squaring, wrapping; a negative exponent gives the truncated reciprocal (0 for a base of 0).
  template <Integer T>
  static T of(T a, T b) {
    if constexpr (std::is_signed_v<T>) {
      if (b < 0) return a == 1 || (a == -1 && b % 2 == 0) ? 1 : a == -1 ? -1 : 0;
    }
    uint64_t result = 1;
    uint64_t base = wide(a);
    for (uint64_t n = wide(b); n != 0; n >>= 1) {
      if (n & 1) result *= base;
      base *= base;
    }
    return static_cast<T>(result);
  }
};

struct minimum {
  template <class T>
  static T of(T a, T b) {
    if constexpr (Float<T>) {
      if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
      if (a == b) return std::signbit(a) ? a : b;
    }
    return b < a ? b : a;
  }
};
struct maximum {
  template <class T>
  static T of(T a, T b) {
    if constexpr (Float<T>) {
      if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
      if (a == b) return std::signbit(a) ? b : a;
    }
    return a < b ? b : a;
  }
};

struct logical_and {
  template <Integer T>
  static bool of(T a, T b) {
    return a && b;
  }
};
struct logical_or {
  template <Integer T>
  static bool of(T a, T b) {
    return a || b;
  }
};
struct logical_xor {
  template <Integer T>
  static bool of(T a, T b) {
    return (a != 0) != (b != 0);
  }
};

struct equal {
  template <class T>
  static bool of(T a, T b) {
    return a == b;
  }
};
struct less {
  template <class T>
  static bool of(T a, T b) {
    return a < b;
  }
};
struct less_equal {
  template <class T>
  static bool of(T a, T b) {
    return a <= b;
  }
};

struct bit_not {
  template <Integer T>
  static T of(T a) {
    return static_cast<T>(~wide(a));
  }
};
struct bit_and {
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) & wide(b));
  }
};
struct bit_or {
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) | wide(b));
  }
};
struct bit_xor {
  template <Integer T>
  static T of(T a, T b) {
    return static_cast<T>(wide(a) ^ wide(b));
  }
};
/// The count as it is when it is below the width, else the width.
template <Integer T>
uint64_t shift_count(T b) {
  constexpr uint64_t kWidth = 8 * sizeof(T);
  const auto count = static_cast<uint64_t>(static_cast<std::make_unsigned_t<T>>(b));
  return count < kWidth ? count : kWidth;
}
struct shift_left {
  template <Integer T>
  static T of(T a, T b) {
    const uint64_t count = shift_count(b);
    return count == 8 * sizeof(T) ? T{0} : static_cast<T>(wide(a) << count);
  }
};
struct shift_right {
  template <Integer T>
  static T of(T a, T b) {
    const uint64_t count = shift_count(b);
    if (count == 8 * sizeof(T)) return a < 0 ? static_cast<T>(-1) : T{0};
    return static_cast<T>(a >> count);
  }
};

// Not of one element type: eval_elementwise.cpp has them.
struct cast;
struct bitcast;
struct select;
// Of no operand.
struct iota;
struct extents;

}  // namespace weft::graph::scalar
