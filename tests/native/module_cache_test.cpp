// Native code in a folder: found again, refused where it is another module's, another engine's or damaged,
// and never taken from where others may write.
#include "native/module_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "native/model.hpp"
#include "native/nn/backend.hpp"
#include "nn/session.hpp"
#include "support/bundle_folder.hpp"
#include "support/onnx_writer.hpp"

namespace fs = std::filesystem;

namespace weft::native {
namespace {

using weft::testing::BundleFolder;
using weft::testing::floats;
using weft::testing::OnnxModel;

std::string model_of(float factor) {
  return OnnxModel(17)
      .input("x", {3})
      .initializer(floats("w", {3}, {factor, 10, 100}))
      .node("Mul", {"x", "w"}, {"y"})
      .output("y")
      .bytes();
}

compile::CompileOptions options(const std::string& name) {
  compile::CompileOptions options;
  options.variants = {"simd128"};
  options.name = name;
  return options;
}

struct Cache : ::testing::Test {
  fs::path folder;
  BundleFolder bundle{model_of(2), options("first")};

  Cache() {
    std::string name = (fs::temp_directory_path() / "weft-modules.XXXXXX").string();
    folder = fs::path(mkdtemp(name.data())) / "modules";
  }
  ~Cache() override { fs::remove_all(folder.parent_path()); }

  std::shared_ptr<Engine> engine(const EngineOptions& settings = {}) const {
    auto engine = Engine::make(settings);
    EXPECT_TRUE(engine) << engine.error().message;
    const auto kept = (*engine)->keep_modules_in(folder);
    EXPECT_TRUE(kept) << kept.error().message;
    return *engine;
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path());
    return all;
  }
  /// By which a file that was written anew is told from one that stayed.
  static uint64_t inode(const fs::path& path) {
    struct stat facts{};
    return stat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
  }
  /// Opens and runs the bundle.
  static void run(const BundleFolder& of, const std::shared_ptr<Engine>& engine, float expected) {
    const auto model = Model::open(of.path, "", engine);
    ASSERT_TRUE(model) << model.error().message;
    const auto instance = Instance::make(*model, nullptr);
    ASSERT_TRUE(instance) << instance.error().message;
    const float ones[] = {1, 1, 1};
    ASSERT_TRUE((*instance)->set_input(0, {reinterpret_cast<const uint8_t*>(ones), sizeof ones}, {}));
    ASSERT_TRUE((*instance)->run());
    float first = 0;
    std::memcpy(&first, (*instance)->output(0)->data.data(), sizeof first);
    EXPECT_EQ(first, expected);
  }
};

TEST_F(Cache, WhatWasCompiledOnceIsFoundByOtherEngines) {
  run(bundle, engine(), 2);
  ASSERT_EQ(files().size(), 1U);
  const fs::path file = files()[0];
  const uint64_t before = inode(file);
  run(bundle, engine(), 2);
  EXPECT_EQ(inode(file), before);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  // Other settings are another file.
  run(bundle, engine({.interruptible = true}), 2);
  EXPECT_EQ(files().size(), 2U);
  // So is another module. Weights are not in it.
  run(BundleFolder(model_of(3), options("second")), engine(), 3);
  EXPECT_EQ(files().size(), 3U);
}

TEST_F(Cache, DamageIsCompiledAnew) {
  run(bundle, engine(), 2);
  const fs::path file = files()[0];
  const auto size = fs::file_size(file);
  for (const uint64_t at : {uint64_t{0}, uint64_t{8}, uint64_t{24}, uint64_t{60}, size / 2, size - 1}) {
    uint64_t before = 0;
    {
      std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
      damaged.seekg(static_cast<std::streamoff>(at));
      const int byte = damaged.get();
      damaged.seekp(static_cast<std::streamoff>(at));
      damaged.put(static_cast<char>(byte ^ 0x55));
      before = inode(file);
    }
    run(bundle, engine(), 2);
    EXPECT_NE(inode(file), before) << at;
  }
  for (const uint64_t length : {uint64_t{0}, uint64_t{16}, uint64_t{200}, size - 1}) {
    fs::resize_file(file, length);
    const uint64_t before = inode(file);
    run(bundle, engine(), 2);
    EXPECT_NE(inode(file), before) << length;
    EXPECT_EQ(fs::file_size(file), size);
  }
  EXPECT_EQ(files().size(), 1U) << "nothing is left aside";
}

TEST_F(Cache, NotWhereOthersMayWrite) {
  fs::create_directory(folder);
  for (const mode_t mode : {mode_t{0770}, mode_t{0702}}) {
    ASSERT_EQ(chmod(folder.c_str(), mode), 0);
    const auto opened = ModuleCache::open(folder);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().status, WEFT_INVALID_ARGUMENT);
  }
  EXPECT_EQ(ModuleCache::open(bundle.path / "model.json").error().status, WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(ModuleCache::open(folder / "a" / "b").error().status, WEFT_NOT_FOUND);
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  EXPECT_TRUE(ModuleCache::open(folder));
}

TEST_F(Cache, BytesOfGuestsAreNotKept) {
  const auto shared = Engine::shared();
  ASSERT_TRUE(shared);
  ASSERT_TRUE((*shared)->keep_modules_in(folder));
  std::atomic<bool> stop = false;
  Backend backend(stop);
  nn::Registry registry;
  nn::Session session(backend, registry, {});
  const std::string onnx = model_of(4), code = bundle.read("model.wasm"),
                    weights = bundle.read("model.weights");
  const auto span = [](const std::string& text) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  const std::vector<std::span<const uint8_t>> model = {span(onnx)}, parts = {span(code), span(weights)};
  EXPECT_TRUE(session.load(model, 1, 0));
  EXPECT_TRUE(session.load(parts, 5, 0));
  EXPECT_TRUE(files().empty());
  // Those of the embedder are.
  EXPECT_TRUE(backend.open_bundle(bundle.path));
  EXPECT_EQ(files().size(), 1U);
}

}  // namespace
}  // namespace weft::native
