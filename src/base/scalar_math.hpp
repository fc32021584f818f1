// The algebra of base/elementary.hpp over plain C++ floats: what the reference evaluators compute with.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace weft {

/// F = float, I = int32_t, B = bool. min and max propagate NaN and order -0 before +0, as wasm's f32.min and
/// f32.max do.
struct ScalarMath {
  using F = float;
  using I = int32_t;
  using B = bool;

  static F constant_f32(float x) { return x; }
  static I constant_i32(int32_t x) { return x; }

  static F add(F a, F b) { return a + b; }
  static F sub(F a, F b) { return a - b; }
  static F mul(F a, F b) { return a * b; }
  static F div(F a, F b) { return a / b; }
  static F neg(F a) { return -a; }
  static F abs(F a) { return std::fabs(a); }
  static F sqrt(F a) { return std::sqrt(a); }
  static F floor(F a) { return std::floor(a); }
  static F nearest(F a) { return std::nearbyint(a); }
  static F trunc(F a) { return std::trunc(a); }
  static F min(F a, F b) {
    if (a != a || b != b) return std::numeric_limits<float>::quiet_NaN();
    if (a == b) return std::signbit(a) ? a : b;
    return a < b ? a : b;
  }
  static F max(F a, F b) {
    if (a != a || b != b) return std::numeric_limits<float>::quiet_NaN();
    if (a == b) return std::signbit(a) ? b : a;
    return a < b ? b : a;
  }
  static F muladd(F a, F b, F c) { return a * b + c; }

  static B less(F a, F b) { return a < b; }
  static B less_equal(F a, F b) { return a <= b; }
  static B equal(F a, F b) { return a == b; }
  static B equal(I a, I b) { return a == b; }
  static B logical_and(B a, B b) { return a && b; }
  static B logical_or(B a, B b) { return a || b; }
  static B logical_not(B a) { return !a; }
  static F select(B c, F a, F b) { return c ? a : b; }
  static I select(B c, I a, I b) { return c ? a : b; }

  static I add(I a, I b) { return wrap(bits(a) + bits(b)); }
  static I sub(I a, I b) { return wrap(bits(a) - bits(b)); }
  static I mul(I a, I b) { return wrap(bits(a) * bits(b)); }
  static I bit_and(I a, I b) { return a & b; }
  static I bit_or(I a, I b) { return a | b; }
  static I bit_xor(I a, I b) { return a ^ b; }
  static I shl(I a, I b) { return wrap(bits(a) << (bits(b) & 31)); }
  static I shr_s(I a, I b) { return a >> (bits(b) & 31); }
  static I shr_u(I a, I b) { return wrap(bits(a) >> (bits(b) & 31)); }

  static I convert_i32(F x) {
    if (x != x) return 0;
    if (x >= 2147483648.0f) return std::numeric_limits<int32_t>::max();
    if (x <= -2147483648.0f) return std::numeric_limits<int32_t>::min();
    return static_cast<int32_t>(x);
  }
  static F convert_f32(I x) { return static_cast<float>(x); }
  static I bitcast_i32(F x) { return std::bit_cast<int32_t>(x); }
  static F bitcast_f32(I x) { return std::bit_cast<float>(x); }

 private:
  static uint32_t bits(int32_t x) { return static_cast<uint32_t>(x); }
  static int32_t wrap(uint32_t x) { return static_cast<int32_t>(x); }
};

}  // namespace weft
