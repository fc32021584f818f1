// Statements.
#include "base/check.hpp"
#include "targets/wasm/emit.hpp"
#include "targets/wasm/emit_table.hpp"
#include "targets/wasm/emit_value.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

constexpr uint32_t kBegin = 1, kEnd = 2;

class KernelEmitter {
 public:
  KernelEmitter(const Kernel& kernel, const WasmFeatures& features, Locals& locals)
      : locals_(locals),
        addresses_(kernel, locals),
        registers_(kernel, locals),
        values_(kernel, features, locals, addresses_, registers_) {}

  std::vector<Op> run(const Kernel& kernel) {
    const For* loop = kernel.body.size() == 1 ? std::get_if<For>(&kernel.body[0].node) : nullptr;
    const bool has_blocks = loop && loop->kind == ForKind::blocks;
    if (has_blocks) block_loop(*loop);
    else block(kernel.body);
    Code root = addresses_.take_root();
    Code code;
    if (has_blocks) {
      code = std::move(root);
    } else {
      code.get(kBegin);
      code.get(kEnd);
      code.op(Instr::i32_lt_s);
      code.begin(OpKind::begin_if);
      code.append(std::move(root));
      code.end();
    }
    addresses_.resolve(code.ops);
    return std::move(code.ops);
  }

 private:
  void block(const Block& statements) {
    const auto bound = values_.bound;
    size_t indices = 0;
    for (const Statement& statement : statements) {
      if (const auto* let = std::get_if<LetIndex>(&statement.node)) {
        let_index(*let);
        ++indices;
      } else {
        this->statement(statement);
      }
    }
    for (; indices > 0; --indices) {
      Addresses::Closed scope = addresses_.close();
      Code& out = addresses_.body();
      out.append(std::move(scope.top));
      out.append(std::move(scope.body));
    }
    values_.bound = bound;
  }

  void statement(const Statement& statement) {
    if (const auto* loop = std::get_if<For>(&statement.node)) return serial_loop(*loop);
    if (const auto* branch = std::get_if<If>(&statement.node)) return branch_on(*branch);
    Code& out = addresses_.body();
    if (const auto* store = std::get_if<Store>(&statement.node)) return values_.store(*store, out);
    const Let& let = std::get<Let>(statement.node);
    const uint32_t local = locals_.make(val_type(let.value->type));
    values_.emit(let.value, out);
    out.set(local);
    values_.bound[let.name] = local;
  }

  void let_index(const LetIndex& let) {
    values_.emit(let.value, addresses_.body());
    const uint32_t local = locals_.make(ValType::i32);
    addresses_.body().set(local);
    addresses_.open_index(let.variable.name, local);
  }

  void branch_on(const If& branch) {
    addresses_.evaluate(branch.condition, addresses_.body());
    addresses_.body().begin(OpKind::begin_if);
    block(*branch.then_block);
    if (branch.else_block) {
      addresses_.body().begin_else();
      block(*branch.else_block);
    }
    addresses_.body().end();
  }

  static bool at_least_one(const Expr& extent) { return expr::bounds(extent).min.value_or(0) >= 1; }

  void serial_loop(const For& loop) {
    std::optional<uint32_t> trips;
    if (!loop.extent.as_constant()) {
      trips = locals_.make(ValType::i32);
      Code& out = addresses_.body();
      addresses_.evaluate(loop.extent, out);
      out.set(*trips);
    }
    addresses_.open_loop(loop.variable);
    block(*loop.body);
    Addresses::Closed scope = addresses_.close();
    Code& out = addresses_.body();
    const bool guarded = !at_least_one(loop.extent);
    if (guarded) {
      push_extent(loop.extent, trips, out);
      out.i32(0);
      out.op(Instr::i32_gt_s);
      out.begin(OpKind::begin_if);
    }
    out.append(std::move(scope.front));
    if (loop.extent.is_constant(1)) {
      only_once(std::move(scope), out);
    } else if (scope.variable) {
      counting_up(std::move(scope), [&](Code& code) { push_extent(loop.extent, trips, code); }, out);
    } else {
      const uint32_t counter = trips ? *trips : locals_.make(ValType::i32);
      if (!trips) {
        out.i32(*loop.extent.as_constant());
        out.set(counter);
      }
      counting_down(std::move(scope), counter, out);
    }
    if (guarded) out.end();
  }

  static void push_extent(const Expr& extent, std::optional<uint32_t> trips, Code& out) {
    if (trips) out.get(*trips);
    else out.i32(*extent.as_constant());
  }

  void only_once(Addresses::Closed scope, Code& out) {
    if (scope.variable) {
      out.i32(0);
      out.set(*scope.variable);
    }
    out.append(std::move(scope.top));
    out.append(std::move(scope.body));
  }

  template <class Limit>
  void counting_up(Addresses::Closed scope, Limit limit, Code& out, std::optional<uint32_t> start = {}) {
    const uint32_t variable = *scope.variable;
    if (start) out.get(*start);
    else out.i32(0);
    out.set(variable);
    begin_body(std::move(scope), out);
    out.get(variable);
    out.i32(1);
    out.op(Instr::i32_add);
    out.tee(variable);
    limit(out);
    out.op(Instr::i32_lt_s);
    repeat(out);
  }

  void counting_down(Addresses::Closed scope, uint32_t counter, Code& out) {
    begin_body(std::move(scope), out);
    out.get(counter);
    out.i32(1);
    out.op(Instr::i32_sub);
    out.tee(counter);
    repeat(out);
  }

  static void begin_body(Addresses::Closed scope, Code& out) {
    out.begin(OpKind::begin_loop);
    out.append(std::move(scope.top));
    out.append(std::move(scope.body));
    out.append(std::move(scope.tail));
  }

  static void repeat(Code& out) {
    Op op;
    op.kind = OpKind::repeat;
    out.ops.push_back(op);
    out.end();
  }

  void block_loop(const For& loop) {
    addresses_.open_loop(loop.variable, kBegin);
    block(*loop.body);
    Addresses::Closed scope = addresses_.close();
    Code& out = addresses_.body();
    out.get(kBegin);
    out.get(kEnd);
    out.op(Instr::i32_lt_s);
    out.begin(OpKind::begin_if);
    out.append(std::move(scope.front));
    if (scope.variable) {
      counting_up(std::move(scope), [](Code& code) { code.get(kEnd); }, out, kBegin);
    } else {
      const uint32_t counter = locals_.make(ValType::i32);
      out.get(kEnd);
      out.get(kBegin);
      out.op(Instr::i32_sub);
      out.set(counter);
      counting_down(std::move(scope), counter, out);
    }
    out.end();
  }

  Locals& locals_;
  Addresses addresses_;
  Registers registers_;
  ValueEmitter values_;
};

}  // namespace

FuncType kernel_type() { return {{ValType::i32, ValType::i32, ValType::i32}, {}}; }

Function& emit_kernel(const Kernel& kernel, const WasmFeatures& features, Module& module) {
  Function& function = module.add_function(kernel.name, kernel_type());
  Locals locals;
  for (const ValType type : function.type().params) locals.make(type);
  KernelEmitter emitter(kernel, features, locals);
  const std::vector<Op> ops = emitter.run(kernel);
  write(ops, locals.list, function);
  return function;
}

}  // namespace weft::wasm
