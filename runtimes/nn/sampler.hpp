// The choice of a token by its score. The same on every host, bit for bit: nothing but additions,
// multiplications and divisions of doubles, each rounded once, and a generator of 32 bits.
#pragma once

#include <cstdint>
#include <span>

#include "nn/types.hpp"

namespace weft::nn {

/// exp(x) for -40 <= x <= 0, to about 1e-13 of its value: Taylor's series to the ninth power at x / 256,
/// squared eight times.
double exp_of(double x);

class Sampler {
 public:
  /// `temperature` 0: the greatest score, of equal ones the first. Else a token of score s, of the `top_k`
  /// greatest (0: of all), is as likely as exp(s / temperature).
  Sampler(double temperature, uint32_t top_k, uint32_t seed)
      : temperature_(temperature), top_k_(top_k), seed_(seed), state_(seed) {}

  /// runtime_error where no score is a number. A score of plus infinity is chosen at once.
  Outcome<uint32_t> choose(std::span<const float> scores);
  /// The random choices begin anew.
  void reset() { state_ = seed_; }

 private:
  uint32_t draw(std::span<const float> scores, uint32_t best);
  uint32_t random();

  double temperature_;
  uint32_t top_k_, seed_, state_;
};

}  // namespace weft::nn
