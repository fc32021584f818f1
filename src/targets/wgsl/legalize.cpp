#include "targets/wgsl/legalize.hpp"

#include <fmt/format.h>

#include <set>

#include "loops/verify_threads.hpp"
#include "targets/wgsl/facts.hpp"

namespace weft::wgsl {
namespace {

using namespace loops;

bool is_word_type(DType type) { return type == DType::f32 || type == DType::i32 || type == DType::u32; }

bool fits_i32(const Expr& e) {
  const expr::Interval range = expr::bounds(e);
  return range.min && range.max && *range.min >= INT32_MIN && *range.max <= INT32_MAX;
}

/// cast T (index i64 e)  ->  cast T (index i32 e)
Value narrow(const Value& v) {
  if (v->op != ValueOp::cast) return v;
  const Value& index = v->operands[0];
  if (index->op != ValueOp::index || index->type != Type{DType::i64, 1} || !fits_i32(index->indices[0]))
    return v;
  const Value narrowed = index_value(index->indices[0], DType::i32);
  return v->type.dtype == DType::i32 ? narrowed : cast(v->type.dtype, narrowed);
}

/// Rewrites values and remembers the first that WGSL cannot say.
class Legalizer {
 public:
  std::string wrong;

  Block block(const Block& statements) {
    Block out;
    out.reserve(statements.size());
    for (Statement s : statements) {
      std::visit([&](auto& node) { visit(node); }, s.node);
      out.push_back(std::move(s));
    }
    return out;
  }

 private:
  std::shared_ptr<const Block> block(const std::shared_ptr<const Block>& statements) {
    return statements ? std::make_shared<const Block>(block(*statements)) : nullptr;
  }

  void visit(For& loop) { loop.body = block(loop.body); }
  void visit(Store& store) { store.value = value(store.value); }
  void visit(Let& let) { let.value = value(let.value); }
  void visit(LetIndex& let) { let.value = value(let.value); }
  void visit(If& node) {
    node.then_block = block(node.then_block);
    node.else_block = block(node.else_block);
  }

  Value value(const Value& v) {
    const Value result = rewrite(v, narrow);
    check(result);
    return result;
  }

  void check(const Value& v) {
    if (!wrong.empty() || !checked_.insert(v.get()).second) return;
    kept_.push_back(v);
    for (const Value& operand : v->operands) check(operand);
    const Type& type = v->type;
    if (type.lanes != 1 || (!is_word_type(type.dtype) && type.dtype != DType::boolean))
      wrong = fmt::format("WGSL has no {}, which `{}` gives", to_string(type), info(v->op).name);
  }

  std::set<const ValueNode*> checked_;
  std::vector<Value> kept_;  // so that no address is used twice
};

std::string wrong_buffers(const Kernel& kernel) {
  int64_t workgroup = 0;
  for (const Buffer& buffer : kernel.buffers) {
    const bool memory = is_parameter(buffer.space);
    if (!is_word_type(buffer.dtype) && (memory || buffer.dtype != DType::boolean))
      return fmt::format("WGSL has no memory of {}, the type of `{}`", to_string(buffer.dtype), buffer.name);
    if (buffer.space == BufferSpace::workgroup) workgroup += 4 * buffer.elements.as_constant().value_or(0);
  }
  if (workgroup > kMaxWorkgroupBytes)
    return fmt::format("{} bytes of workgroup memory, more than {}", workgroup, kMaxWorkgroupBytes);
  const int64_t threads = thread_count(kernel).value_or(1);
  if (threads > kMaxInvocations)
    return fmt::format("{} threads in a workgroup, more than {}", threads, kMaxInvocations);
  return {};
}

}  // namespace

Result<Kernel> legalize(const Kernel& kernel) {
  Kernel result = kernel;
  Legalizer legalizer;
  result.body = legalizer.block(kernel.body);
  // The operation says more than the buffer that holds its result.
  const std::string wrong = legalizer.wrong.empty() ? wrong_buffers(kernel) : legalizer.wrong;
  if (!wrong.empty()) return fail(ErrorKind::unsupported, wrong, kernel.name);
  return result;
}

}  // namespace weft::wgsl
