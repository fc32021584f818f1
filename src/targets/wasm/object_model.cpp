#include "targets/wasm/object_model.hpp"

#include "base/check.hpp"
#include "targets/wasm/emit.hpp"
#include "targets/wasm/legalize.hpp"
#include "targets/wasm/module.hpp"
#include "targets/wasm/module_step.hpp"

namespace weft::wasm {
namespace {

constexpr uint32_t kWord = 4;
constexpr int32_t kMemoryAlignment = 64;

const FuncType kUnary = {{ValType::i32}, {ValType::i32}};

/// Strings in a segment, each with its end.
class Strings {
 public:
  uint32_t add(std::string_view text) {
    const auto at = static_cast<uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    bytes_.push_back(0);
    return at;
  }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

void put_words(std::vector<uint8_t>& bytes, std::span<const uint32_t> words) {
  for (const uint32_t word : words)
    for (uint32_t shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(word >> shift));
}

class ObjectEmitter {
 public:
  explicit ObjectEmitter(const ObjectModelInput& input) : in_(input), tables_(input.tables) {
    module_.make_relocatable();
  }

  ObjectBytes emit() {
    kernels();
    step_ = emit_step(module_, local_name("step"), in_.jumps, false).index();
    strings();
    enter();
    if (!in_.nodes.empty()) fail();
    tables();
    if (in_.weights_bytes > 0 && !in_.weights_at)
      weights_ = module_.add_object_data({local_name("weights"), {}, in_.weights_bytes, 4});
    prepare();
    run();
    if (!in_.dimensions.empty()) resize();
    if (in_.reset) reset();
    accessor({in_.name + "_failure", 0});
    for (const ObjectAccessor& at : in_.accessors) accessor(at);
    return module_.encode_object();
  }

 private:
  /// Symbols of other objects hold no points, so none is the same.
  std::string local_name(std::string_view what) const { return in_.name + "." + std::string(what); }

  Function& global(const std::string& symbol, FuncType type) {
    Function& f = module_.add_function(symbol, std::move(type));
    module_.make_global(f.index());
    return f;
  }

  void kernels() {
    for (const loops::Kernel& kernel : in_.kernels) {
      loops::Kernel legal = legalize(kernel, in_.features);
      legal.name = local_name(in_.debug_names ? kernel.name : "kernel" + std::to_string(kernels_.size()));
      kernels_.push_back(emit_kernel(legal, in_.features, module_).index());
    }
  }

  void strings() {
    Strings strings;
    empty_ = strings.add("");
    std::vector<uint32_t> nodes;
    for (const std::string& node : in_.nodes) nodes.push_back(strings.add(node));
    for (const ObjectDimension& dimension : in_.dimensions)
      dimension_names_.push_back(strings.add(dimension.name));
    if (nodes.empty() && dimension_names_.empty()) return;
    strings_ = module_.add_object_data({local_name("strings"), strings.take()});
    if (nodes.empty()) return;
    ObjectData list{local_name("nodes"), std::vector<uint8_t>(kWord * nodes.size()), 0, 2};
    for (uint32_t i = 0; i < nodes.size(); ++i)
      list.references.push_back({kWord * i, DataAddress{strings_, nodes[i]}});
    nodes_ = module_.add_object_data(std::move(list));
  }

  void tables() {
    ObjectData data{local_name("tables"), tables_.bytes, 0, 4};
    for (const auto& [at, kernel] : tables_.kernels)
      data.references.push_back({at - tables_.address, kernels_[kernel]});
    table_data_ = module_.add_object_data(std::move(data));
    ObjectData addresses{local_name("addresses"), {}, 0, 2};
    put_words(addresses.bytes, tables_.addresses);
    addresses_ = module_.add_object_data(std::move(addresses));
  }

  static uint32_t offset(ContextWord word) { return kWord * static_cast<uint32_t>(word); }
  /// Of a word of the context, from the memory's address on.
  uint32_t in_context(ContextWord word) const { return tables_.context + offset(word); }

  static void plus(Function& f, Local memory, uint32_t address) {
    f.get(memory);
    if (address == 0) return;
    f.i32(static_cast<int32_t>(address));
    f.op(Instr::i32_add);
  }
  template <class Push>
  static void store(Function& f, Local memory, uint32_t address, Push&& push,
                    Instr instr = Instr::i32_store) {
    f.get(memory);
    push();
    f.memory(instr, address);
  }
  template <class Push>
  static void failure(Function& f, Local memory, FailureField field, Push&& push,
                      Instr instr = Instr::i32_store) {
    store(f, memory, static_cast<uint32_t>(field), push, instr);
  }

  /// (memory, address of the entry's first record) -> what step returns.
  void enter() {
    Function& f = module_.add_function(local_name("enter"), {{ValType::i32, ValType::i32}, {ValType::i32}});
    const Local memory = f.param(0), records = f.param(1);
    store(f, memory, in_context(ContextWord::next_record), [&] {
      f.get(memory);
      f.get(records);
      f.op(Instr::i32_add);
    });
    for (const ContextWord word : {ContextWord::block, ContextWord::error_code})
      store(f, memory, in_context(word), [&] { f.i32(0); });
    step(f, memory);
    enter_ = f.index();
  }
  void step(Function& f, Local memory) const {
    plus(f, memory, tables_.context);
    f.i32(0);
    f.call(step_);
  }
  void enter(Function& f, Local memory, uint32_t records) const {
    f.get(memory);
    f.i32(static_cast<int32_t>(records));
    f.call(enter_);
  }

  /// (memory): what the error cell says, with names.
  void fail() {
    Function& f = module_.add_function(local_name("fail"), {{ValType::i32}, {}});
    const Local memory = f.param(0);
    const auto name = [&](auto index) {
      f.address({nodes_, 0});
      index();
      f.i32(2);
      f.op(Instr::i32_shl);
      f.op(Instr::i32_add);
      f.memory(Instr::i32_load, 0);
    };
    const auto context = [&](uint32_t at) {
      f.get(memory);
      f.memory(Instr::i32_load, tables_.context + at);
    };
    failure(f, memory, FailureField::node, [&] { name([&] { context(offset(ContextWord::error_node)); }); });
    failure(f, memory, FailureField::what, [&] {
      name([&] {
        context(offset(ContextWord::next_record));
        f.memory(Instr::i32_load, kRecordBytes - kWord);
      });
    });
    const uint32_t value = offset(ContextWord::error_value);
    failure(
        f, memory, FailureField::value,
        [&] {
          f.get(memory);
          f.memory(Instr::i64_load, tables_.context + value);
        },
        Instr::i64_store);
    failure(f, memory, FailureField::least, [&] { context(value + 2 * kWord); });
    failure(f, memory, FailureField::greatest, [&] { context(value + 3 * kWord); });
    fail_ = f.index();
  }

  void prepare() {
    FuncType type = kUnary;
    if (in_.weights_at) type.params.insert(type.params.end(), 2, ValType::i32);
    Function& f = global(in_.name + "_prepare", type);
    const Local memory = f.param(0);
    const auto leave_unless = [&] {
      f.if_([&] {
        f.i32(0);
        f.return_();
      });
    };
    f.get(memory);
    f.op(Instr::i32_eqz);
    f.get(memory);
    f.i32(kMemoryAlignment - 1);
    f.op(Instr::i32_and);
    f.op(Instr::i32_or);
    leave_unless();
    copy_tables(f, memory);
    if (in_.reset) store(f, memory, *in_.reset, [&] { f.i32(1); }, Instr::i32_store8);
    for (uint32_t i = 0; i < in_.dimensions.size(); ++i) {
      const ObjectDimension& dimension = in_.dimensions[i];
      store(f, memory, tables_.symbols + kWord * i,
            [&] { f.i32(static_cast<int32_t>(dimension.max / dimension.step)); });
    }
    if (tables_.resize != 0) {
      enter(f, memory, tables_.resize);
      f.op(Instr::drop);
    }
    enter(f, memory, tables_.prepare);
    const Local result = f.local(ValType::i32, "result");
    f.set(result);
    if (in_.weights_bytes > 0) load_all(f, memory, result, leave_unless);
    f.i32(0);
    f.get(memory);
    f.get(result);
    f.op(Instr::select);
  }

  void copy_tables(Function& f, Local memory) const {
    f.get(memory);
    f.i32(0);
    f.i32(static_cast<int32_t>(tables_.address));
    f.op(Instr::memory_fill);
    plus(f, memory, tables_.address);
    f.address({table_data_, 0});
    f.i32(static_cast<int32_t>(tables_.bytes.size()));
    f.op(Instr::memory_copy);
    const Local next = f.local(ValType::i32, "next"), word = f.local(ValType::i32, "word");
    f.address({addresses_, 0});
    f.set(next);
    const auto end = static_cast<uint32_t>(kWord * tables_.addresses.size());
    f.block([&](Label done) {
      f.loop([&](Label again) {
        f.get(next);
        f.address({addresses_, end});
        f.op(Instr::i32_eq);
        f.br_if(done);
        f.get(next);
        f.memory(Instr::i32_load, 0);
        f.get(memory);
        f.op(Instr::i32_add);
        f.tee(word);
        f.get(word);
        f.memory(Instr::i32_load, 0);
        f.get(memory);
        f.op(Instr::i32_add);
        f.memory(Instr::i32_store, 0);
        f.get(next);
        f.i32(kWord);
        f.op(Instr::i32_add);
        f.set(next);
        f.br(again);
      });
      f.op(Instr::unreachable);
    });
  }

  /// While step wants a part of the weights: the record in front of the next one says which.
  template <class LeaveUnless>
  void load_all(Function& f, Local memory, Local result, LeaveUnless leave_unless) const {
    const Local record = f.local(ValType::i32, "record");
    const auto word = [&](uint32_t i) {
      f.get(record);
      f.memory(Instr::i32_load, kWord * i);
    };
    f.block([&](Label done) {
      f.loop([&](Label again) {
        f.get(result);
        f.i32(static_cast<int32_t>(StepResult::load));
        f.op(Instr::i32_ne);
        f.br_if(done);
        f.get(memory);
        f.memory(Instr::i32_load, in_context(ContextWord::next_record));
        f.i32(kRecordBytes);
        f.op(Instr::i32_sub);
        f.set(record);
        if (in_.weights_at) {
          read(f, word);
          leave_unless();
        } else {
          word(1);
          f.address({*weights_, 0});
          word(3);
          f.op(Instr::i32_add);
          word(2);
          f.op(Instr::memory_copy);
        }
        step(f, memory);
        f.set(result);
        f.br(again);
      });
      f.op(Instr::unreachable);
    });
  }

  /// Calls what the program gave; leaves its result.
  template <class Word>
  void read(Function& f, Word word) const {
    f.get(f.param(2));
    word(1);
    word(3);
    f.op(Instr::i64_extend_i32_u);
    word(4);
    f.op(Instr::i64_extend_i32_u);
    f.i64(32);
    f.op(Instr::i64_shl);
    f.op(Instr::i64_add);
    f.i64(static_cast<int64_t>(*in_.weights_at));
    f.op(Instr::i64_add);
    word(2);
    f.get(f.param(1));
    f.call_indirect({{ValType::i32, ValType::i32, ValType::i64, ValType::i32}, {ValType::i32}});
  }

  void run() {
    Function& f = global(in_.name + "_run", kUnary);
    const Local memory = f.param(0);
    enter(f, memory, tables_.run);
    f.if_([&] {
      if (!in_.nodes.empty()) {
        f.get(memory);
        f.call(fail_);
      }
      f.get(memory);
      f.memory(Instr::i32_load, in_context(ContextWord::error_code));
      f.return_();
    });
    if (in_.reset) store(f, memory, *in_.reset, [&] { f.i32(0); }, Instr::i32_store8);
    f.i32(static_cast<int32_t>(ObjectResult::ok));
  }

  /// Changes nothing where one of the extents is none that its dimension may have.
  void resize() {
    FuncType type = kUnary;
    type.params.insert(type.params.end(), in_.dimensions.size(), ValType::i32);
    Function& f = global(in_.name + "_resize", type);
    const Local memory = f.param(0);
    for (uint32_t i = 0; i < in_.dimensions.size(); ++i) check_extent(f, i);
    for (uint32_t i = 0; i < in_.dimensions.size(); ++i)
      store(f, memory, tables_.symbols + kWord * i, [&] {
        f.get(f.param(1 + i));
        if (in_.dimensions[i].step == 1) return;
        f.i32(static_cast<int32_t>(in_.dimensions[i].step));
        f.op(Instr::i32_div_u);
      });
    enter(f, memory, tables_.resize);
  }

  void check_extent(Function& f, uint32_t i) const {
    const Local memory = f.param(0), extent = f.param(1 + i);
    const ObjectDimension& dimension = in_.dimensions[i];
    const auto test = [&](uint32_t bound, Instr instr) {
      f.get(extent);
      f.i32(static_cast<int32_t>(bound));
      f.op(instr);
    };
    test(dimension.min, Instr::i32_lt_u);
    test(dimension.max, Instr::i32_gt_u);
    f.op(Instr::i32_or);
    if (dimension.step != 1) {
      test(dimension.step, Instr::i32_rem_u);
      f.op(Instr::i32_or);
    }
    f.if_([&] {
      failure(f, memory, FailureField::node, [&] { f.address({strings_, empty_}); });
      failure(f, memory, FailureField::what, [&] { f.address({strings_, dimension_names_[i]}); });
      failure(
          f, memory, FailureField::value,
          [&] {
            f.get(extent);
            f.op(Instr::i64_extend_i32_u);
          },
          Instr::i64_store);
      failure(f, memory, FailureField::least, [&] { f.i32(static_cast<int32_t>(dimension.min)); });
      failure(f, memory, FailureField::greatest, [&] { f.i32(static_cast<int32_t>(dimension.max)); });
      f.i32(static_cast<int32_t>(ObjectResult::bad_extent));
      f.return_();
    });
  }

  void reset() {
    Function& f = global(in_.name + "_reset", {{ValType::i32}, {}});
    const Local memory = f.param(0);
    store(f, memory, *in_.reset, [&] { f.i32(1); }, Instr::i32_store8);
  }

  void accessor(const ObjectAccessor& accessor) {
    Function& f = global(accessor.symbol, kUnary);
    plus(f, f.param(0), accessor.address);
  }

  const ObjectModelInput& in_;
  const ObjectTables& tables_;
  Module module_;
  std::vector<FuncIndex> kernels_;
  std::vector<uint32_t> dimension_names_;  ///< in the strings
  uint32_t empty_ = 0;                     ///< likewise
  FuncIndex step_, enter_, fail_;
  DataIndex strings_, nodes_, table_data_, addresses_;
  std::optional<DataIndex> weights_;
};

}  // namespace

ObjectBytes emit_object_model(const ObjectModelInput& input) { return ObjectEmitter(input).emit(); }

}  // namespace weft::wasm
