// Bytes together with what each of them means: the encoder writes every field with a comment, and a hex dump
// is the list of the fields. Comments that take work are functions, called only when somebody wants them.
// What a linker fills in is noted too.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

#ifndef WEFT_DESCRIBE
#define WEFT_DESCRIBE 1
#endif

namespace weft::wasm {

/// Whether modules can be described: what is for tests and people is no part of the compiler for pages.
inline constexpr bool kDescribes = WEFT_DESCRIBE != 0;

struct Field {
  size_t offset;
  size_t size;
  std::string comment;
};

/// By their numbers in tool-conventions, Linking.md.
enum class RelocationType : uint8_t {
  function_index_leb = 0,
  table_index_i32 = 2,
  memory_addr_sleb = 4,
  memory_addr_i32 = 5,
  type_index_leb = 6
};

/// A field of five bytes (LEB) or four.
struct Relocation {
  RelocationType type = RelocationType::function_index_leb;
  size_t offset = 0;
  uint32_t index = 0;   ///< of a symbol, or of a type
  uint32_t addend = 0;  ///< of addresses
};

class FieldWriter {
 public:
  explicit FieldWriter(bool describing) : describing_(describing) {}

  template <class Comment>
  void u8(uint8_t value, Comment&& comment) {
    write([&] { out_.u8(value); }, comment);
  }
  template <class Comment>
  void leb_u(uint64_t value, Comment&& comment) {
    write([&] { out_.leb_u(value); }, comment);
  }
  template <class Comment>
  void bytes(std::span<const uint8_t> value, Comment&& comment) {
    write([&] { out_.bytes(value); }, comment);
  }
  /// A name (5.2.4): length and bytes.
  void name(std::string_view value, std::string_view what);
  /// All that `fields` appends to the writer is one field.
  template <class Fields, class Comment>
  void write(Fields&& fields, [[maybe_unused]] Comment&& comment) {
    [[maybe_unused]] const size_t start = out_.size();
    fields();
    if constexpr (kDescribes)
      if (describing_) note(start, text_of(comment));
  }
  /// The size of `inner`, then `inner`.
  void sized(FieldWriter&& inner, std::string_view what);
  void append(FieldWriter&& inner);
  /// What is written next is the linker's.
  void relocate(RelocationType type, uint32_t index, uint32_t addend = 0) {
    relocations_.push_back({type, out_.size(), index, addend});
  }
  const std::vector<Relocation>& relocations() const { return relocations_; }

  ByteWriter& out() { return out_; }
  FieldWriter nested() const { return FieldWriter(describing_); }
  bool describing() const { return kDescribes && describing_; }
  std::vector<uint8_t> take() { return out_.take(); }
  const std::vector<Field>& fields() const { return fields_; }

 private:
  template <class Comment>
  static std::string text_of(Comment& comment) {
    if constexpr (std::invocable<Comment&>) {
      return std::string(comment());
    } else {
      return std::string(comment);
    }
  }
  void note(size_t start, std::string comment) {
    fields_.push_back({start, out_.size() - start, std::move(comment)});
  }

  bool describing_;
  ByteWriter out_;
  std::vector<Field> fields_;
  std::vector<Relocation> relocations_;
};

}  // namespace weft::wasm
