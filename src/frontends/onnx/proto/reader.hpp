// A pull reader for protobuf messages of protozero's shape, over a Source: it reads through one window, so
// that a file of any size takes 64 KiB. Wire format: https://protobuf.dev/programming-guides/encoding/
//
//   Reader reader(source);
//   Message m = reader.root();
//   while (m.next()) switch (m.field()) { case 1: name = m.string(); break; case 2: read(m.message()); break;
//   } WEFT_TRY(reader.status());
//
// Errors stick: after the first one every next() is false, every value is empty, and status() tells what was
// wrong. A field that is not read, or that has another wire type than the one asked for, is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/source.hpp"

namespace weft::onnx {

inline constexpr uint32_t kMaxNesting = 64;

enum class Wire : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A range of the file: the payload of a length-delimited field.
struct Range {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

class Message;

class Reader {
 public:
  explicit Reader(const Source& source) : source_(source) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Message root();
  Result<void> status() const;
  bool ok() const { return !failed_; }
  /// Keeps the first failure; `at` is the byte offset it is about.
  void fail_at(uint64_t at, std::string message);

  /// The bytes of a range, copied.
  std::vector<uint8_t> copy(Range range);

 private:
  friend class Message;
  uint8_t byte(uint64_t at);
  uint64_t varint(uint64_t& at, uint64_t end);
  uint64_t fixed(uint64_t& at, uint64_t end, uint32_t bytes);
  void refill(uint64_t at);

  const Source& source_;
  std::vector<uint8_t> window_;
  uint64_t window_begin_ = 0;
  bool failed_ = false;
  Error error_;
};

class Message {
 public:
  /// Advances to the next field, past the value of the current one. False at the end and after an error.
  bool next();
  uint32_t field() const { return field_; }

  // The value of the current field; each is read at most once.
  uint64_t varint();
  int64_t int64() { return static_cast<int64_t>(varint()); }
  /// A truncated varint, as protobuf reads int32 and enums.
  int32_t int32() { return static_cast<int32_t>(static_cast<uint32_t>(varint())); }
  float float32();
  std::string string();
  /// The payload's place, not its bytes.
  Range range();
  Message message();

  // Repeated scalars, packed or not; append to `out`.
  void append_varints(std::vector<uint64_t>& out);
  void append_int64s(std::vector<int64_t>& out);
  /// True when the current field is length-delimited (a packed list, where a scalar may stand too).
  bool is_packed() const { return wire_ == Wire::bytes; }
  uint64_t fixed(uint32_t bytes);

  Reader& reader() { return *reader_; }

 private:
  friend class Reader;
  Message(Reader& reader, Range range, uint32_t depth)
      : reader_(&reader), at_(range.begin), end_(range.end), depth_(depth) {}
  bool take(Wire wire);
  void skip();

  Reader* reader_;
  uint64_t at_, end_;
  uint32_t depth_;
  uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  bool pending_ = false;  ///< the current field's value has not been passed yet
};

}  // namespace weft::onnx
