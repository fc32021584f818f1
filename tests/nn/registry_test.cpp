#include "nn/registry.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "nn/text.hpp"

namespace weft::nn {
namespace {

class Empty : public Model {
 public:
  std::span<const Port> inputs() const override { return {}; }
  std::span<const Port> outputs() const override { return {}; }
  uint64_t instance_bytes() const override { return 0; }
  Outcome<std::unique_ptr<Instance>> instantiate() override { return refuse(Errno::runtime_error, "empty"); }
};

TEST(Registry, LoadsOnceAndShares) {
  Registry registry;
  int loads = 0;
  EXPECT_TRUE(registry.add("m", [&]() -> Outcome<std::shared_ptr<Model>> {
    ++loads;
    return std::make_shared<Empty>();
  }));
  EXPECT_EQ(loads, 0);
  const auto first = registry.find("m");
  const auto second = registry.find("m");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(loads, 1);
}

TEST(Registry, KeepsTheErrorOfAModelThatDoesNotLoad) {
  Registry registry;
  int loads = 0;
  registry.add("m", [&]() -> Outcome<std::shared_ptr<Model>> {
    ++loads;
    return refuse(Errno::unsupported_operation, "Frobnicate");
  });
  for (int i = 0; i < 2; ++i) {
    const auto found = registry.find("m");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errno::unsupported_operation);
    EXPECT_EQ(found.error().text, "Frobnicate");
  }
  EXPECT_EQ(loads, 1);
}

TEST(Registry, NamesAreExact) {
  Registry registry;
  const auto model = std::make_shared<Empty>();
  EXPECT_TRUE(registry.add("m", model));
  EXPECT_FALSE(registry.add("m", std::make_shared<Empty>()));
  EXPECT_EQ(registry.find("m").value(), model);
  for (const std::string_view name : {"", "M", "m ", "./m", "/m", "../m"}) {
    const auto found = registry.find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, Errno::not_found);
  }
  EXPECT_FALSE(registry.find(std::string_view("m\0", 2)));
}

TEST(Registry, ALoaderThatAsksForItselfIsBusy) {
  Registry registry;
  Errno inner = Errno::success;
  registry.add("m", [&]() -> Outcome<std::shared_ptr<Model>> {
    inner = registry.find("m").error().code;
    return std::make_shared<Empty>();
  });
  EXPECT_TRUE(registry.find("m"));
  EXPECT_EQ(inner, Errno::busy);
}

TEST(Registry, ALoaderWithoutAModelIsAnError) {
  Registry registry;
  registry.add("m", []() -> Outcome<std::shared_ptr<Model>> { return nullptr; });
  EXPECT_EQ(registry.find("m").error().code, Errno::runtime_error);
}

TEST(Text, QuotedIsOnePrintableLine) {
  EXPECT_EQ(shown("a\"b\\"), R"("a\"b\\")");
  EXPECT_EQ(shown("a\nb\x1b[2J\x7f"), R"("a\x0ab\x1b[2J\x7f")");
  EXPECT_EQ(shown("h\xc3\xa9"), "\"h\xc3\xa9\"");
  EXPECT_EQ(shown("\xc2\x9b\xff"), R"("\xc2\x9b\xff")");
  EXPECT_EQ(shown(std::string(100, 'x')), "\"" + std::string(64, 'x') + "…\"");
}

}  // namespace
}  // namespace weft::nn
