// Bytes with an alignment and slack, and places in them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace weft::interpreter {

/// What kernels may read, and write where they round up, behind the end of each buffer.
inline constexpr uint64_t kSlack = 64;

/// Memory that is aligned for vectors, with slack behind it; zero at first. Movable, its address stays.
class Buffer {
 public:
  Buffer() = default;
  /// Without memory for it, the buffer is empty and good() false.
  explicit Buffer(uint64_t bytes);
  uint8_t* data() const { return data_.get(); }
  float* floats() const { return reinterpret_cast<float*>(data_.get()); }
  uint64_t bytes() const { return bytes_; }
  bool good() const { return data_ != nullptr; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const;
  };
  std::unique_ptr<uint8_t[], Free> data_;
  uint64_t bytes_ = 0;
};

/// Hands out places of a memory that is made when all is known.
class Arena {
 public:
  /// The first gap that is large enough (slack included).
  uint64_t allocate(uint64_t bytes);
  void release(uint64_t offset);
  uint64_t bytes() const { return bytes_; }

 private:
  struct Block {
    uint64_t offset, bytes;
  };
  std::vector<Block> used_;  ///< by offset
  uint64_t bytes_ = 0;
};

}  // namespace weft::interpreter
