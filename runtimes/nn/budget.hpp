// Counting what a guest has: a charge is held by what it was made for, and gives back when that goes.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "nn/limits.hpp"
#include "nn/types.hpp"

namespace weft::nn {

class Budget;

/// One graph, context or tensor and its bytes. The budget outlives it.
class Charge {
 public:
  Charge(Charge&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), count_(other.count_), bytes_(other.bytes_) {}
  Charge& operator=(Charge&&) = delete;
  ~Charge();
  uint64_t bytes() const { return bytes_; }
  /// To no more than bytes() and Budget::left() together.
  void resize(uint64_t bytes);

 private:
  friend class Budget;
  Charge(Budget& budget, uint32_t& count, uint64_t bytes) : budget_(&budget), count_(&count), bytes_(bytes) {}
  Budget* budget_;
  uint32_t* count_;
  uint64_t bytes_;
};

class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// missing_memory: one more would be too many, or too many bytes.
  Outcome<Charge> graph(uint64_t bytes) { return charge(graphs_, limits_.graphs, bytes, "graphs"); }
  Outcome<Charge> context(uint64_t bytes) { return charge(contexts_, limits_.contexts, bytes, "contexts"); }
  Outcome<Charge> tensor(uint64_t bytes) { return charge(tensors_, limits_.tensors, bytes, "tensors"); }
  /// Bytes that are not charged yet.
  uint64_t left() const { return limits_.bytes > bytes_ ? limits_.bytes - bytes_ : 0; }
  const Limits& limits() const { return limits_; }

 private:
  friend class Charge;
  Outcome<Charge> charge(uint32_t& count, uint32_t most, uint64_t bytes, std::string_view what);
  Limits limits_;
  uint32_t graphs_ = 0;
  uint32_t contexts_ = 0;
  uint32_t tensors_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace weft::nn
