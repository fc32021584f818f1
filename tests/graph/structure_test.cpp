// What the text form cannot say: building, and graphs that are broken in themselves.
#include <gtest/gtest.h>

#include <functional>

#include "graph/graph.hpp"
#include "support/random_graph.hpp"

namespace weft::graph {
namespace {

const Type kMatrix{DType::f32, {2, 3}};

Graph sample() {
  Graph g;
  const ValueId x = add_input(g, "x", kMatrix);
  const ValueId c = add_constant(g, "c", {DType::f32, {3}}, std::vector<uint8_t>(12));
  const ValueId sum = *add_node(g, Op::add, {x, c}, NoAttributes{}, "sum", "Add_0");
  const ValueId y = *add_node(g, Op::reshape, {sum}, ReshapeAttributes{{6}}, "y", "Reshape_1");
  g.outputs.push_back({"y", y});
  return g;
}

TEST(Build, NamesAreUnique) {
  Graph g;
  std::set<std::string> names;
  for (const char* name : {"a", "a", "a", "", "", "a.1"})
    names.insert(g.values[add_input(g, name, kMatrix)].name);
  for (int i = 0; i < 3; ++i) names.insert(g.values[*add_node(g, Op::neg, {0}, NoAttributes{}, "", "")].name);
  EXPECT_EQ(names.size(), 9u);
  EXPECT_TRUE(names.contains("a") && names.contains("neg"));
  EXPECT_EQ(g.inputs[1].name, "a");
}

TEST(Build, NamesOfValuesThatAPassAdded) {
  Graph g;
  g.values.push_back({"a", kMatrix});
  EXPECT_NE(g.values[add_value(g, "a", kMatrix)].name, "a");
}

TEST(Build, ErrorsNameTheSource) {
  Graph g = sample();
  const auto error = add_node(g, Op::matmul, {0, 0}, NoAttributes{}, "z", "MatMul_3").error();
  EXPECT_EQ(error.node, "MatMul_3");
  EXPECT_EQ(error.kind, ErrorKind::invalid_model);
  EXPECT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(g.values.size(), 4u);
}

TEST(Build, TheAttributesAreTheRowsStruct) {
  Graph g = sample();
  EXPECT_EQ(add_node(g, Op::transpose, {0}, NoAttributes{}, "z", "").error().message,
            "transpose(f32[2, 3]): the attributes are not TransposeAttributes");
  EXPECT_EQ(add_node(g, Op::neg, {0}, AxisAttributes{0}, "z", "").error().message,
            "neg(f32[2, 3]): the attributes are not NoAttributes");
}

TEST(Info, NamesReadBack) {
  for (const Op op : all_ops()) EXPECT_EQ(parse_op(info(op).name), op);
  EXPECT_EQ(parse_op("nothing"), std::nullopt);
  EXPECT_EQ(info(Op::concat).max_inputs, -1);
  EXPECT_EQ(info(Op::gather).op_class, OpClass::indexing);
}

TEST(Types, Shapes) {
  EXPECT_EQ(to_string(Type{DType::boolean, {}}), "boolean[]");
  EXPECT_EQ(constant_shape(make_shape({2, 3})), (Ints{2, 3}));
  EXPECT_EQ(constant_shape({expr::variable("n", {1, 2})}), std::nullopt);
  EXPECT_EQ(element_count({}), expr::Expr(1));
  EXPECT_EQ(*broadcast({2, 1}, {3}), make_shape({2, 3}));
  EXPECT_FALSE(broadcast({2}, {3}));
}

struct Breakage {
  const char* message;
  std::function<void(Graph&)> apply;
};

TEST(Verify, BrokenGraphs) {
  ASSERT_TRUE(verify(sample()));
  const expr::Expr n = expr::variable("n", {1, 4});
  const std::vector<Breakage> breakages = {
      {"add reads value 9 of 4", [](Graph& g) { g.nodes[0].inputs[0] = 9; }},
      {"add reads %y, which is defined later: the nodes form a cycle or are out of order",
       [](Graph& g) { g.nodes[0].inputs[0] = 3; }},
      {"add reads %sum, which is defined later: the nodes form a cycle or are out of order",
       [](Graph& g) { g.nodes[0].inputs[0] = 2; }},
      {"reshape reads %sum, which is defined later: the nodes form a cycle or are out of order",
       [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); }},
      {"add reads %x, which nothing defines", [](Graph& g) { g.inputs.clear(); }},
      {"a node defines value 9 of 4", [](Graph& g) { g.nodes[1].output = 9; }},
      {"%x is defined again by a node", [](Graph& g) { g.nodes[0].output = 0; }},
      {"%x is defined again by a constant", [](Graph& g) { g.constants[0] = std::vector<uint8_t>(24); }},
      {"%x is defined again by an input", [](Graph& g) { g.inputs.push_back({"x2", 0}); }},
      {"a constant defines value 9 of 4", [](Graph& g) { g.constants[9] = BlobRange{}; }},
      {"an input defines value 9 of 4", [](Graph& g) { g.inputs[0].value = 9; }},
      {"the constant f32[3] needs 12 bytes and has 11",
       [](Graph& g) { g.constants[1] = std::vector<uint8_t>(11); }},
      {"the constant f32[3] needs 12 bytes and has 16",
       [](Graph& g) { g.constants[1] = BlobRange{0, 0, 16}; }},
      {"two values have this name", [](Graph& g) { g.values[2].name = "x"; }},
      {"the output is a value that nothing defines", [](Graph& g) { g.outputs[0].value = 9; }},
      {"the output is a value that nothing defines",
       [](Graph& g) { g.outputs[0].value = add_value(g, "new", kMatrix); }},
      {"add(f32[2, 3]): takes 2 operands, not 1", [](Graph& g) { g.nodes[0].inputs.pop_back(); }},
      {"add(f32[2, 3], f32[3]): the attributes are not NoAttributes",
       [](Graph& g) { g.nodes[0].attributes = AxisAttributes{}; }},
      {"%sum is in group -2", [](Graph& g) { g.nodes[0].group = -2; }},
      {"f32[n]: n is no symbol of the graph", [&](Graph& g) { add_value(g, "new", {DType::f32, {n}}); }},
      {"f32[n/2]: the range of n is not its symbol's",
       [&](Graph& g) {
         g.symbols["n"] = {"n", {1, 5}, 1};
         add_value(g, "new", {DType::f32, {floor_div(n, 2)}});
       }},
      {"n is no symbol of the graph", [&](Graph& g) { g.nodes[1].attributes = ReshapeAttributes{{n}}; }},
      {"the symbol `m` is filed as `n`", [](Graph& g) { g.symbols["n"] = {"m", {1, 5}, 1}; }},
      {"the symbol `n` is a multiple of 0", [](Graph& g) { g.symbols["n"] = {"n", {1, 5}, 0}; }},
  };
  for (const Breakage& b : breakages) {
    Graph g = sample();
    b.apply(g);
    const auto result = verify(g);
    ASSERT_FALSE(result) << b.message;
    EXPECT_EQ(result.error().message, b.message);
    EXPECT_FALSE(print(g).empty());  // a broken graph still prints, into messages
  }
}

// Values that a pass left without a definition or use are no fault.
TEST(Verify, LeftoverValues) {
  Graph g = sample();
  add_value(g, "leftover", kMatrix);
  EXPECT_TRUE(verify(g));
}

}  // namespace
}  // namespace weft::graph
