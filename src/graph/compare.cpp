#include "graph/compare.hpp"

#include <cmath>
#include <limits>

#include "graph/evaluators.hpp"

namespace weft::graph {
namespace {

bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

std::vector<double> numbers(const Tensor& t) {
  if (is_half(t.dtype)) return numbers(evaluators::convert(t, DType::f64));
  std::vector<double> out(t.bytes.size() / byte_size(t.dtype));
  evaluators::with_type(t.dtype, [&]<class T>(std::type_identity<T>) {
    const T* x = evaluators::data<T>(t);
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(x[i]);
  });
  return out;
}

double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double d = std::fabs(a - b);
  return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

}  // namespace

Difference compare(const Tensor& got, const Tensor& expected) {
  const std::vector<double> a = numbers(got), b = numbers(expected);
  WEFT_CHECK(a.size() == b.size(), "tensors of different sizes");
  Difference out;
  out.elements = a.size();
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(b[i])) out.largest = std::max(out.largest, std::fabs(b[i]));
    const double d = distance(a[i], b[i]);
    if (d > 0) ++out.differing;
    if (d > out.max_abs) {
      out.max_abs = d;
      out.worst = i;
      out.got = a[i];
      out.expected = b[i];
    }
  }
  return out;
}

}  // namespace weft::graph
