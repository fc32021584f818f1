#include "nn/sampler.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace weft::nn {
namespace {

bool is_number(float score) { return score == score; }

/// What has a score, best first where only `most` of them count, else in their order.
std::vector<uint32_t> candidates(std::span<const float> scores, uint32_t most) {
  std::vector<uint32_t> out;
  for (uint32_t i = 0; i < scores.size(); ++i)
    if (is_number(scores[i])) out.push_back(i);
  if (most == 0 || most >= out.size()) return out;
  const auto better = [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  std::partial_sort(out.begin(), out.begin() + most, out.end(), better);
  out.resize(most);
  return out;
}

}  // namespace

double exp_of(double x) {
  constexpr int kPower = 9, kSquarings = 8;
  const double part = x / (1 << kSquarings);
  double sum = 1;
  for (int k = kPower; k > 0; --k) sum = 1 + sum * part / k;
  for (int i = 0; i < kSquarings; ++i) sum *= sum;
  return sum;
}

/// A Weyl sequence, mixed as murmur's finaliser does, with constants of the hash-prospector project.
uint32_t Sampler::random() {
  state_ += 0x9e3779b9;
  uint32_t z = state_;
  z = (z ^ (z >> 16)) * 0x21f0aaad;
  z = (z ^ (z >> 15)) * 0x735a2d97;
  return z ^ (z >> 15);
}

uint32_t Sampler::draw(std::span<const float> scores, uint32_t best) {
  constexpr double kLeast = -40, kRange = 4294967296;  // below it a weight is nothing beside the best's, 1
  const std::vector<uint32_t> from = candidates(scores, top_k_);
  std::vector<double> weights;
  double total = 0;
  for (const uint32_t i : from) {
    const double x = (double{scores[i]} - double{scores[best]}) / temperature_;
    weights.push_back(x < kLeast ? 0 : exp_of(x));
    total += weights.back();
  }
  const double wanted = random() / kRange * total;
  double sum = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    sum += weights[i];
    if (wanted < sum) return from[i];
  }
  return best;
}

Outcome<uint32_t> Sampler::choose(std::span<const float> scores) {
  uint32_t best = 0;
  while (best < scores.size() && !is_number(scores[best])) ++best;
  if (best == scores.size()) return refuse(Errno::runtime_error, "no token has a score that is a number");
  for (uint32_t i = best; i < scores.size(); ++i)
    if (scores[i] > scores[best]) best = i;
  const bool decided = temperature_ == 0 || scores[best] == std::numeric_limits<float>::infinity() ||
                       scores[best] == -std::numeric_limits<float>::infinity();
  return decided ? best : draw(scores, best);
}

}  // namespace weft::nn
