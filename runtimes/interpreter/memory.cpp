#include "interpreter/memory.hpp"

#include <algorithm>
#include <cstdlib>

namespace weft::interpreter {
namespace {

constexpr uint64_t kAlignment = 64;

uint64_t rounded(uint64_t bytes) { return (bytes + kSlack + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void Buffer::Free::operator()(uint8_t* bytes) const { std::free(bytes); }

Buffer::Buffer(uint64_t bytes) {
  if (rounded(bytes) > UINT32_MAX - kAlignment) return;
  data_.reset(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, static_cast<size_t>(rounded(bytes)))));
  if (!data_) return;
  std::fill_n(data_.get(), static_cast<size_t>(rounded(bytes)), uint8_t{0});
  bytes_ = bytes;
}

uint64_t Arena::allocate(uint64_t bytes) {
  const uint64_t needed = rounded(bytes);
  uint64_t at = 0;
  auto next = used_.begin();
  for (; next != used_.end() && next->offset - at < needed; ++next) at = next->offset + next->bytes;
  used_.insert(next, {at, needed});
  bytes_ = std::max(bytes_, at + needed);
  return at;
}

void Arena::release(uint64_t offset) {
  std::erase_if(used_, [&](const Block& block) { return block.offset == offset; });
}

}  // namespace weft::interpreter
