// The static data of a module (docs/bundle.md): context, instruction records and kernel params, from address
// 0 up.
//
// Their sizes do not depend on addresses, so: static_size, then place_buffers, then make_static_data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/moves.hpp"
#include "plan/program.hpp"

namespace weft::plan {

/// What the records of custom statements refer to.
struct CustomInfo {
  struct Operand {
    DType dtype = DType::i32;
    uint32_t rank = 0;
    friend auto operator<=>(const Operand&, const Operand&) = default;
  };
  std::string name;
  std::vector<std::string> arguments;
  std::vector<Operand> inputs;
  Operand output;
  friend auto operator<=>(const CustomInfo&, const CustomInfo&) = default;
};

/// The names that error cells and profiles refer to, and the custom operations, shared by all variants of a
/// bundle.
class Nodes {
 public:
  uint32_t add(const CustomInfo& custom);
  const std::vector<CustomInfo>& customs() const { return customs_; }
  /// The name's index; a new name is appended.
  uint32_t add(const std::string& name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, uint32_t, std::less<>> index_;
  std::vector<CustomInfo> customs_;
};

/// [0, 64) stays unused, so that no table lies at address 0.
inline constexpr uint32_t kContextAddress = 64;
inline constexpr uint32_t kContextSize = 32;
inline constexpr uint32_t kRecordSize = 32;
/// Where the tables begin.
inline constexpr uint32_t kRecordsAddress = 128;
/// Buffers lie at this address or above (what emitted pointers assume: targets/wasm/addresses.hpp).
inline constexpr uint32_t kLowestBuffer = 1024;

/// Where the memory of a module begins, which its addresses count from: at 0, or at an address that its
/// caller chooses at run time, and which whoever copies the tables there adds to StaticData::addresses. Then
/// no buffer moves.
enum class Base : uint8_t { zero, chosen };

/// What a word of the tables is: an expression over symbols, on top of where a buffer that moves lies.
struct Word {
  expr::Expr value;
  std::optional<BufferId> place = {};
  bool is_address = false;
};

struct StaticData {
  std::vector<std::pair<uint32_t, std::vector<uint8_t>>>
      segments;  ///< address, bytes; the context is zero and needs none
  uint32_t context = kContextAddress;
  std::vector<uint32_t>
      entry_records;  ///< address of each entry's first record, parallel to Program::entries
  uint32_t end = 0;   ///< where buffers may begin: static_size(program)
  // Of programs with symbols.
  uint32_t resize = 0;   ///< address of the record that puts the symbols' values into the tables
  uint32_t symbols = 0;  ///< address of their values, u32 each, in the order of Program::symbols
  uint32_t answers = 0;  ///< address of Program::answers, u32 each; known once `resize` has run
  /// Address of what memory the symbols take, u32 each, likewise: bytes, then where the inputs and the
  /// outputs lie, in the order of the buffers. 0: nothing moves.
  uint32_t places = 0;
  Moves moves;
  /// Words of the tables that depend on symbols, by address.
  std::map<uint32_t, Word> words;
  /// Where the words lie that are addresses, but those of `words`.
  std::vector<uint32_t> addresses;
  /// Address of the word that holds where the memory begins, one of `addresses`; 0: no kernel needs it.
  uint32_t base = 0;
  /// Where records name the kernels that they call.
  std::vector<std::pair<uint32_t, KernelId>> calls;
};

/// First address that the tables of this program leave free, a multiple of 64. Addresses of buffers do not
/// matter.
uint64_t static_size(const Program& program, Base base = Base::zero);

/// The tables of a placed program. Calls name their nodes in `nodes`; other statements have the node of the
/// call that follows, or of the last one. `file`: where each weight that a statement loads begins in the data
/// part of model.weights.
StaticData make_static_data(const Program& program, Nodes& nodes,
                            const std::map<BufferId, uint64_t>& file = {}, Base base = Base::zero);

/// What a module has beside the program's kernels, behind them and in this order. In a program with symbols
/// the kernels that keep the tables: the one that the record at `resize` calls, which stores
/// StaticData::words, then one for each loop, which stores those that depend on its index. Where there are
/// checks, the one they call.
std::vector<loops::Kernel> table_kernels(const Program& program, const StaticData& tables);
KernelId resize_kernel_id(const Program& program);
/// Of the loop before which `loops` others begin.
KernelId next_kernel_id(const Program& program, uint32_t loops);
KernelId check_kernel_id(const Program& program);

/// How many records a statement is.
size_t record_count(const Statement& statement);

}  // namespace weft::plan
