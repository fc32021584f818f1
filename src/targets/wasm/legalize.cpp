#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

using Replace = std::function<Value(const Value&)>;

Block rewrite_block(const Block& block, const Replace& replace);

std::shared_ptr<const Block> rewrite_block(const std::shared_ptr<const Block>& block,
                                           const Replace& replace) {
  return block ? std::make_shared<const Block>(rewrite_block(*block, replace)) : nullptr;
}

Statement rewrite_statement(Statement statement, const Replace& replace) {
  if (auto* loop = std::get_if<For>(&statement.node)) loop->body = rewrite_block(loop->body, replace);
  if (auto* store = std::get_if<Store>(&statement.node)) store->value = rewrite(store->value, replace);
  if (auto* let = std::get_if<Let>(&statement.node)) let->value = rewrite(let->value, replace);
  if (auto* let = std::get_if<LetIndex>(&statement.node)) let->value = rewrite(let->value, replace);
  if (auto* branch = std::get_if<If>(&statement.node)) {
    branch->then_block = rewrite_block(branch->then_block, replace);
    branch->else_block = rewrite_block(branch->else_block, replace);
  }
  return statement;
}

Block rewrite_block(const Block& block, const Replace& replace) {
  Block result;
  result.reserve(block.size());
  for (const Statement& statement : block) result.push_back(rewrite_statement(statement, replace));
  return result;
}

}  // namespace

Kernel rewrite_values(const Kernel& kernel, const Replace& replace) {
  Kernel result = kernel;
  result.body = rewrite_block(kernel.body, replace);
  return result;
}

Kernel legalize(const Kernel& kernel, const WasmFeatures& features) {
  Kernel result = legalize_casts(kernel);
  result = legalize_operations(result);
  result = legalize_vectors(result, features);
  result = legalize_operations(result);  // of the scalars that vectors have become
  result = legalize_division(result);
  return legalize_sharing(result);
}

}  // namespace weft::wasm
