#include "nn/budget.hpp"

#include <fmt/format.h>

namespace weft::nn {

Charge::~Charge() {
  if (budget_ == nullptr) return;
  --*count_;
  budget_->bytes_ -= bytes_;
}

void Charge::resize(uint64_t bytes) {
  budget_->bytes_ += bytes - bytes_;
  bytes_ = bytes;
}

Outcome<Charge> Budget::charge(uint32_t& count, uint32_t most, uint64_t bytes, std::string_view what) {
  if (count >= most) {
    return refuse(Errno::missing_memory, fmt::format("this host allows a guest {} {} at a time", most, what));
  }
  if (bytes > left()) {
    return refuse(
        Errno::missing_memory,
        fmt::format("{} bytes more than the {} that the guest has are beyond this host's limit of {}", bytes,
                    bytes_, limits_.bytes));
  }
  ++count;
  bytes_ += bytes;
  return Charge(*this, count, bytes);
}

}  // namespace weft::nn
