// Integer and interval arithmetic beneath the expressions. Internal to expr/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>

#include "base/check.hpp"
#include "expr/expr.hpp"

namespace weft::expr {

inline int64_t add_int(int64_t a, int64_t b) {
  int64_t r = 0;
  WEFT_CHECK(!__builtin_add_overflow(a, b, &r), "integer expression overflows");
  return r;
}

inline int64_t mul_int(int64_t a, int64_t b) {
  int64_t r = 0;
  WEFT_CHECK(!__builtin_mul_overflow(a, b, &r), "integer expression overflows");
  return r;
}

inline std::optional<int64_t> try_mul(int64_t a, int64_t b) {
  int64_t r = 0;
  if (__builtin_mul_overflow(a, b, &r)) return std::nullopt;
  return r;
}

inline std::optional<int64_t> try_add(int64_t a, int64_t b) {
  int64_t r = 0;
  if (__builtin_add_overflow(a, b, &r)) return std::nullopt;
  return r;
}

/// Rounds to minus infinity; b > 0.
inline int64_t floor_div_int(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
/// In [0, b); b > 0.
inline int64_t mod_int(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }
inline int64_t ceil_div_int(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

inline Interval point(int64_t value) { return {value, value}; }

inline Interval add(const Interval& a, const Interval& b) {
  Interval r;
  if (a.min && b.min) r.min = try_add(*a.min, *b.min);
  if (a.max && b.max) r.max = try_add(*a.max, *b.max);
  return r;
}

inline Interval scale(const Interval& a, int64_t k) {
  if (k == 0) return point(0);
  Interval r;
  if (a.min) (k > 0 ? r.min : r.max) = try_mul(*a.min, k);
  if (a.max) (k > 0 ? r.max : r.min) = try_mul(*a.max, k);
  return r;
}

/// Holds for a value that is in both.
inline Interval intersect(const Interval& a, const Interval& b) {
  Interval r = a;
  if (b.min && (!r.min || *r.min < *b.min)) r.min = b.min;
  if (b.max && (!r.max || *r.max > *b.max)) r.max = b.max;
  return r;
}

/// Holds for a value that is in either.
inline Interval hull(const Interval& a, const Interval& b) {
  Interval r;
  if (a.min && b.min) r.min = std::min(*a.min, *b.min);
  if (a.max && b.max) r.max = std::max(*a.max, *b.max);
  return r;
}

}  // namespace weft::expr
