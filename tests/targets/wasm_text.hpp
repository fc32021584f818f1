// Builds a Module from lines of text, one call of the assembler's interface each; for tests of the assembler.
//   name NAME                                        add_passive_data and the like take bytes as hex:
//   `passive 01ff` import_memory MODULE NAME MIN [MAX [shared]]     memory MIN [MAX] import_function MODULE
//   NAME TYPE... -> TYPE...   function NAME TYPE... -> TYPE... export_function NAME INDEX   export_memory
//   NAME   export_table NAME   export_global NAME INDEX slot INDEX   global TYPE mutable|constant BITS NAME
//   data OFFSET HEX   passive HEX   custom NAME HEX local NAME TYPE               in a function; then its
//   instructions by their text names, with
//     local.get N, the number of declaration; v128.load OFFSET [ALIGN_LOG2]; br DEPTH; block|loop|if [TYPE];
//     call INDEX; call_indirect TYPE... -> TYPE...; i8x16.shuffle of 16 and v128.const of 4 numbers
//   relocatable   make_global INDEX   object NAME ALIGN_LOG2 HEX REFERENCE...: AT:slot:FUNCTION or
//     AT:SEGMENT:OFFSET   outside NAME BYTES   address SEGMENT OFFSET, an instruction
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

class TextAssembler {
 public:
  explicit TextAssembler(Module& module) : module_(module) {}

  /// One line; an unknown one is a failure of the test.
  void line(const std::string& text) {
    std::istringstream in(text);
    words_.clear();
    for (std::string word; in >> word;) words_.push_back(word);
    if (words_.empty() || words_[0][0] == '#') return;
    if (!declaration() && !instruction()) ADD_FAILURE() << "not understood: " << text;
  }

 private:
  const std::string& word(size_t i) const {
    static const std::string empty;
    return i < words_.size() ? words_[i] : empty;
  }
  bool has(size_t i) const { return i < words_.size(); }
  int64_t number(size_t i) const { return std::strtoll(word(i).c_str(), nullptr, 0); }
  uint32_t index(size_t i) const { return static_cast<uint32_t>(number(i)); }

  static ValType type_of(const std::string& text) {
    for (char letter : {'i', 'l', 'f', 'd', 'v'}) {
      if (to_string(type_of_letter(letter)) == text) return type_of_letter(letter);
    }
    ADD_FAILURE() << "no type: " << text;
    return ValType::i32;
  }

  FuncType signature(size_t first) const {
    FuncType type;
    bool after_arrow = false;
    for (size_t i = first; i < words_.size(); i++) {
      if (words_[i] == "->") {
        after_arrow = true;
      } else {
        (after_arrow ? type.results : type.params).push_back(type_of(words_[i]));
      }
    }
    return type;
  }

  Limits limits(size_t first) const {
    Limits result{index(first), {}, word(first + 2) == "shared"};
    if (has(first + 1)) result.max = index(first + 1);
    return result;
  }

  std::vector<uint8_t> hex(size_t i) const {
    std::vector<uint8_t> bytes;
    for (size_t at = 0; at + 1 < word(i).size(); at += 2) {
      bytes.push_back(static_cast<uint8_t>(std::stoul(word(i).substr(at, 2), nullptr, 16)));
    }
    return bytes;
  }

  bool declaration() {
    const std::string& verb = words_[0];
    if (verb == "name") return module_.set_name(word(1)), true;
    if (verb == "import_memory") return module_.import_memory(word(1), word(2), limits(3)), true;
    if (verb == "memory") return module_.add_memory(limits(1)), true;
    if (verb == "export_memory") return module_.export_memory(word(1)), true;
    if (verb == "import_function") return module_.import_function(word(1), word(2), signature(3)), true;
    if (verb == "export_function") return module_.export_function(word(1), {index(2)}), true;
    if (verb == "export_table") return module_.export_table(word(1)), true;
    if (verb == "export_global") return module_.export_global(word(1), {index(2)}), true;
    if (verb == "slot") return module_.table_slot({index(1)}), true;
    if (verb == "data") return module_.add_data(index(1), hex(2)), true;
    if (verb == "passive") return module_.add_passive_data(hex(1)), true;
    if (verb == "relocatable") return module_.make_relocatable(), true;
    if (verb == "make_global") return module_.make_global({index(1)}), true;
    if (verb == "outside") return module_.add_object_data({word(1), {}, index(2)}), true;
    if (verb == "object") return module_.add_object_data(object()), true;
    if (verb == "custom") return module_.add_custom_section(word(1), hex(2)), true;
    if (verb == "global") {
      const auto bits = static_cast<uint64_t>(number(3));
      return module_.add_global(type_of(word(1)), word(2) == "mutable", bits, word(4)), true;
    }
    if (verb == "function") {
      function_ = &module_.add_function(word(1), signature(2));
      locals_.clear();
      for (uint32_t i = 0; i < function_->type().params.size(); i++) locals_.push_back(function_->param(i));
      labels_ = {function_->body()};
      return true;
    }
    if (verb == "local") return locals_.push_back(function_->local(type_of(word(2)), word(1))), true;
    return false;
  }

  ObjectData object() const {
    ObjectData data{word(1), hex(3), 0, static_cast<uint8_t>(number(2))};
    for (size_t i = 4; has(i); i++) {
      std::vector<std::string> parts;
      std::istringstream in(word(i));
      for (std::string part; std::getline(in, part, ':');) parts.push_back(part);
      const auto part = [&](size_t at) { return static_cast<uint32_t>(std::stoul(parts.at(at))); };
      if (parts.at(1) == "slot") {
        data.references.push_back({part(0), FuncIndex{part(2)}});
      } else {
        data.references.push_back({part(0), DataAddress{{part(1)}, part(2)}});
      }
    }
    return data;
  }

  BlockType block_type() const { return has(1) ? BlockType(type_of(word(1))) : BlockType(); }
  Label label(size_t i) const { return labels_[labels_.size() - 1 - index(i)]; }

  bool control(Instr instr) {
    Function& f = *function_;
    switch (instr) {
      case Instr::block: labels_.push_back(f.begin_block(block_type())); return true;
      case Instr::loop: labels_.push_back(f.begin_loop(block_type())); return true;
      case Instr::if_: labels_.push_back(f.begin_if(block_type())); return true;
      case Instr::end:
        labels_.pop_back();
        f.end();
        return true;
      case Instr::br: f.br(label(1)); return true;
      case Instr::br_if: f.br_if(label(1)); return true;
      case Instr::br_table: {
        std::vector<Label> labels;
        for (size_t i = 1; i + 1 < words_.size(); i++) labels.push_back(label(i));
        f.br_table(labels, label(words_.size() - 1));
        return true;
      }
      case Instr::call: f.call(FuncIndex{index(1)}); return true;
      case Instr::call_indirect: f.call_indirect(signature(1)); return true;
      default: return false;
    }
  }

  Bytes16 bytes16(uint32_t width) const {
    Bytes16 bytes{};
    for (size_t i = 0; i < 16; i++)
      bytes[i] = static_cast<uint8_t>(number(1 + i / width) >> (8 * (i % width)));
    return bytes;
  }

  bool instruction() {
    if (words_[0] == "address" && function_ != nullptr)
      return function_->address({{index(1)}, index(2)}), true;
    const std::optional<Instr> instr = find_instr(words_[0]);
    if (!instr || function_ == nullptr) return false;
    if (control(*instr)) return true;
    Function& f = *function_;
    switch (info(*instr).immediates) {
      case Immediates::local:
        if (*instr == Instr::local_get) f.get(locals_[index(1)]);
        if (*instr == Instr::local_set) f.set(locals_[index(1)]);
        if (*instr == Instr::local_tee) f.tee(locals_[index(1)]);
        return true;
      case Immediates::global:
        *instr == Instr::global_get ? f.get(GlobalIndex{index(1)}) : f.set(GlobalIndex{index(1)});
        return true;
      case Immediates::memarg:
        has(2) ? f.memory(*instr, index(1), static_cast<uint8_t>(number(2))) : f.memory(*instr, index(1));
        return true;
      case Immediates::memarg_lane:
        f.memory_lane(*instr, index(1), static_cast<uint8_t>(number(2)));
        return true;
      case Immediates::lane: f.lane(*instr, static_cast<uint8_t>(number(1))); return true;
      case Immediates::i32: f.i32(static_cast<int32_t>(number(1))); return true;
      case Immediates::i64: f.i64(number(1)); return true;
      case Immediates::f32: f.f32(std::strtof(word(1).c_str(), nullptr)); return true;
      case Immediates::f64: f.f64(std::strtod(word(1).c_str(), nullptr)); return true;
      case Immediates::v128: f.v128(bytes16(4)); return true;
      case Immediates::shuffle: f.shuffle(bytes16(1)); return true;
      case Immediates::data_memory: f.memory_init(index(1)); return true;
      case Immediates::data: f.data_drop(index(1)); return true;
      default: f.op(*instr); return true;
    }
  }

  Module& module_;
  Function* function_ = nullptr;
  std::vector<std::string> words_;
  std::vector<Local> locals_;
  std::vector<Label> labels_;
};

}  // namespace weft::wasm
