#include "frontends/onnx/proto/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace weft::onnx {
namespace {

constexpr uint64_t kWindow = 64 * 1024;

}  // namespace

Message Reader::root() { return Message(*this, {0, source_.size()}, 0); }

Result<void> Reader::status() const {
  if (failed_) return std::unexpected<Error>(error_);
  return {};
}

void Reader::fail_at(uint64_t at, std::string message) {
  if (failed_) return;
  failed_ = true;
  error_ = {ErrorKind::invalid_model, fmt::format("the file is damaged at byte {}: {}", at, message), {}};
}

void Reader::refill(uint64_t at) {
  window_.resize(static_cast<size_t>(std::min(kWindow, source_.size() - at)));
  window_begin_ = at;
  if (auto read = source_.read(at, window_); !read) {
    window_.clear();
    if (!failed_) error_ = read.error();
    failed_ = true;
  }
}

/// The caller has checked that `at` lies inside the file.
uint8_t Reader::byte(uint64_t at) {
  if (failed_) return 0;
  if (at < window_begin_ || at - window_begin_ >= window_.size()) refill(at);
  return failed_ ? 0 : window_[static_cast<size_t>(at - window_begin_)];
}

uint64_t Reader::varint(uint64_t& at, uint64_t end) {
  uint64_t value = 0;
  for (uint32_t shift = 0; shift < 64; shift += 7) {
    if (at >= end) {
      fail_at(at, "a number ends early");
      return 0;
    }
    const uint64_t next = byte(at++);
    if (shift == 63 && next > 1) break;
    value |= (next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
  fail_at(at, "a number has more than 64 bits");
  return 0;
}

uint64_t Reader::fixed(uint64_t& at, uint64_t end, uint32_t bytes) {
  if (end - at < bytes) {
    fail_at(at, "a number ends early");
    at = end;
    return 0;
  }
  uint64_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(byte(at++)) << (8 * i);
  return value;
}

std::vector<uint8_t> Reader::copy(Range range) {
  if (failed_) return {};
  std::vector<uint8_t> bytes(static_cast<size_t>(range.size()));
  if (range.size() >= kWindow) {
    if (auto read = source_.read(range.begin, bytes); !read) {
      error_ = read.error();
      failed_ = true;
    }
  } else {
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = byte(range.begin + i);
  }
  return bytes;
}

bool Message::next() {
  if (pending_) skip();
  if (!reader_->ok() || at_ == end_) return false;
  const uint64_t begin = at_;
  const uint64_t key = reader_->varint(at_, end_);
  field_ = static_cast<uint32_t>(key >> 3);
  const uint32_t wire = key & 7;
  if (reader_->ok() && (key >> 3 == 0 || key >> 3 >= (1u << 29)))
    reader_->fail_at(begin, fmt::format("field number {} does not exist", key >> 3));
  else if (reader_->ok() && wire != 0 && wire != 1 && wire != 2 && wire != 5)
    reader_->fail_at(begin, fmt::format("wire type {} is not used by ONNX", wire));
  wire_ = static_cast<Wire>(wire);
  pending_ = reader_->ok();
  return pending_;
}

bool Message::take(Wire wire) {
  if (!pending_ || wire_ != wire) return false;
  pending_ = false;
  return true;
}

void Message::skip() {
  switch (wire_) {
    case Wire::varint: varint(); break;
    case Wire::fixed64: fixed(8); break;
    case Wire::fixed32: fixed(4); break;
    case Wire::bytes: range(); break;
  }
}

uint64_t Message::varint() { return take(Wire::varint) ? reader_->varint(at_, end_) : 0; }

uint64_t Message::fixed(uint32_t bytes) {
  return take(bytes == 8 ? Wire::fixed64 : Wire::fixed32) ? reader_->fixed(at_, end_, bytes) : 0;
}

float Message::float32() { return std::bit_cast<float>(static_cast<uint32_t>(fixed(4))); }

Range Message::range() {
  if (!take(Wire::bytes)) return {};
  const uint64_t length = reader_->varint(at_, end_);
  if (!reader_->ok()) return {};
  if (length > end_ - at_) {
    reader_->fail_at(at_, fmt::format("a field of {} bytes where {} are left", length, end_ - at_));
    return {};
  }
  at_ += length;
  return {at_ - length, at_};
}

std::string Message::string() {
  const std::vector<uint8_t> bytes = reader_->copy(range());
  return {bytes.begin(), bytes.end()};
}

Message Message::message() {
  const Range payload = range();
  if (depth_ + 1 > kMaxNesting)
    reader_->fail_at(payload.begin, fmt::format("messages nest deeper than {}", kMaxNesting));
  return Message(*reader_, payload, depth_ + 1);
}

void Message::append_varints(std::vector<uint64_t>& out) {
  if (!is_packed()) {
    if (wire_ == Wire::varint) out.push_back(varint());
    return;
  }
  Range payload = range();
  while (payload.begin < payload.end && reader_->ok())
    out.push_back(reader_->varint(payload.begin, payload.end));
}

void Message::append_int64s(std::vector<int64_t>& out) {
  std::vector<uint64_t> raw;
  append_varints(raw);
  for (const uint64_t value : raw) out.push_back(static_cast<int64_t>(value));
}

}  // namespace weft::onnx
