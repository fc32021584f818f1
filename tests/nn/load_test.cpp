// Loading: encodings, targets, names, configurations, limits, lifetimes.
#include "nn/guest.hpp"
#include "nn/sniff.hpp"

namespace weft::nn {
namespace {

std::vector<uint8_t> text_bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Functions, AreThoseOfWasiNnAndOfWasmEdge) {
  std::string table;
  for (const Function& row : functions())
    table += std::string(row.name) + " " + std::to_string(row.parameters) + "\n";
  EXPECT_EQ(table,
            "load 5\nload_by_name 3\ninit_execution_context 2\nset_input 3\nget_output 5\ncompute 1\n"
            "load_by_name_with_config 5\ncompute_single 1\nget_output_single 5\nfini_single 1\n"
            "finalize_execution_context 1\nunload 1\n");
}

TEST(Load, EncodingsAndBytesMustFit) {
  const auto model = fake_model("identity f32 1");
  Guest guest;
  for (const uint32_t encoding : {1u, 5u, 6u})
    EXPECT_EQ(guest.load(model, encoding), Errno::success) << encoding;
  for (const uint32_t encoding : {0u, 2u, 3u, 4u, 7u, 14u, 255u, 256u, 257u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.load(model, encoding), Errno::invalid_encoding) << encoding;
    EXPECT_NE(guest.logged.back().find("an ONNX model"), std::string::npos) << guest.logged.back();
  }
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string_view> others[] = {
      {"GGUF\3\0\0\0"sv, "GGUF"},
      {"\x1c\0\0\0TFL3abc"sv, "TensorFlow Lite"},
      {"<?xml version=\"1.0\"?><net/>", "OpenVINO"},
      {"\xEF\xBB\xBF \n<net name=\"a\">", "OpenVINO"},
      {"PK\3\4archive", "zip"},
      {"", "nothing"},
      {"hello", "no format"},
      {"\x0a\x05hello", "no format"},  // protobuf, but field 1 is a string: a TensorFlow graph
      {"\x08\x08", "no format"},       // ir_version, no graph
      {"\x08\x08\x3b\x02", "no format"},
      {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "no format"},
  };
  const int loads = guest.backend.counts().loads;
  for (const auto& [bytes, name] : others) {
    for (const uint32_t encoding : {1u, 5u, 6u}) {
      EXPECT_EQ(guest.load(text_bytes(bytes), encoding), Errno::invalid_encoding) << name;
      EXPECT_NE(guest.logged.back().find(name), std::string::npos) << guest.logged.back();
    }
  }
  EXPECT_EQ(guest.backend.counts().loads, loads);
}

TEST(Load, ABundleIsAModuleUnderAutodetect) {
  using namespace std::string_view_literals;
  Guest guest;
  const auto module = text_bytes("\0asm\1\0\0\0"sv);
  EXPECT_EQ(guest.load(module, 1), Errno::invalid_encoding);
  EXPECT_EQ(guest.backend.counts().loads, 0);
  EXPECT_EQ(guest.load(module, 5), Errno::invalid_encoding);  // the backend's answer
  EXPECT_EQ(guest.load(module, 6), Errno::invalid_encoding);
  EXPECT_EQ(guest.backend.counts().loads, 2);
}

TEST(Load, SniffedFormats) {
  // A model that opens with other fields, and one that is cut short in its graph.
  EXPECT_EQ(sniff(text_bytes("\x08\x09\x12\x04weft\x1a\x01x\x28\x80\x01\x42\x02\x10\x11\x3a\x7f..")),
            Format::onnx);
  EXPECT_EQ(sniff(text_bytes("\x3a")), Format::onnx);
  EXPECT_EQ(sniff(text_bytes("\x08\x08\x12\x7fshort")), Format::unknown);
  EXPECT_EQ(sniff(text_bytes("\xa2\x01\x01x\x3a\x01x")), Format::onnx);  // field 20 first
}

TEST(Load, TargetsAreRefusedHonestly) {
  Guest guest;
  const auto model = fake_model("identity f32 1");
  EXPECT_EQ(guest.load(model, 1, 1), Errno::unsupported_operation);
  EXPECT_NE(guest.logged.back().find("GPU"), std::string::npos);
  EXPECT_EQ(guest.load(model, 1, 2), Errno::unsupported_operation);
  EXPECT_NE(guest.logged.back().find("TPU"), std::string::npos);
  for (const uint32_t target : {3u, 255u, 256u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.load(model, 1, target), Errno::invalid_argument) << target;
  }
  EXPECT_EQ(guest.backend.counts().loads, 0);
}

TEST(Load, TheBackendsAnswers) {
  Guest guest;
  EXPECT_EQ(guest.load(fake_model("refused")), Errno::unsupported_operation);
  EXPECT_NE(guest.logged.back().find("Frobnicate"), std::string::npos);
  EXPECT_EQ(guest.load(fake_model("broken")), Errno::invalid_encoding);
  EXPECT_EQ(guest.word(0), 0xAAAAAAAAu);  // no handle is written
  EXPECT_EQ(guest.backend.counts().models, 0);
}

TEST(Names, AreLoadedOnceAndShared) {
  FakeBackend backend;
  Registry registry;
  registry.add("m", [&] { return backend.model("identity u8 1"); });
  registry.add("bad", [&] { return backend.model("refused"); });
  Host first(backend, registry), second(backend, registry);
  std::vector<uint8_t> memory(64, 0);
  std::ranges::copy(std::string_view("m.bad"), memory.begin());
  const std::vector<uint32_t> name = {0, 1, 32};
  for (Host* host : {&first, &second, &first}) EXPECT_EQ(host->call(1, name, memory), Errno::success);
  EXPECT_EQ(backend.counts().models, 1);
  EXPECT_EQ(memory[32], 2);  // the first host's second graph
  EXPECT_EQ(first.call(1, std::vector<uint32_t>{2, 3, 32}, memory), Errno::unsupported_operation);
  EXPECT_EQ(first.call(1, std::vector<uint32_t>{0, 2, 32}, memory), Errno::not_found);
  EXPECT_EQ(first.call(1, std::vector<uint32_t>{0, 0, 32}, memory), Errno::not_found);
}

TEST(Names, AreNoPaths) {
  Guest guest;
  for (const std::string_view name : {"/etc/passwd", "../model.onnx", "model.onnx", "", "\xff\n"}) {
    const auto size = static_cast<uint32_t>(name.size());
    EXPECT_EQ(guest.call("load_by_name", {guest.put(name), size, 0}), Errno::not_found);
  }
  EXPECT_EQ(guest.logged.back().find('\n'), std::string::npos);
}

TEST(Names, WithAConfiguration) {
  Guest guest;
  guest.registry.add("m", [&] { return guest.backend.model("identity u8 1"); });
  const uint32_t name = guest.put("m");
  const auto load = [&](std::string_view config) {
    return guest.call("load_by_name_with_config",
                      {name, 1, guest.put(config), static_cast<uint32_t>(config.size()), 0});
  };
  EXPECT_EQ(load(""), Errno::success);
  EXPECT_EQ(load("{}"), Errno::success);
  EXPECT_EQ(load(" {\"a\": [1, {\"b\": null}]} "), Errno::success);
  EXPECT_TRUE(guest.logged.size() == 1 && guest.logged[0].ends_with("ignored: \"a\"")) << guest.logged[0];
  EXPECT_EQ(load(R"({"n-gpu-layers": 99, "ctx-size": 1})"), Errno::success);
  EXPECT_NE(guest.logged.back().find("\"n-gpu-layers\""), std::string::npos);
  for (const std::string_view config :
       {"null", "[]", "1", "{", "{\"a\":}", "x", "{} {}", "\"\xff\"", "{\"a\":1e999}"}) {
    EXPECT_EQ(load(config), Errno::invalid_argument) << config;
  }
  EXPECT_EQ(load(std::string(8000, '[')), Errno::invalid_argument);
  const uint32_t config = guest.put("{}");
  EXPECT_EQ(guest.call("load_by_name_with_config", {name, 2, config, 2, 0}), Errno::not_found);
}

TEST(Lifetimes, HandlesAreNeverUsedAgain) {
  Guest guest;
  uint32_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const uint32_t graph = guest.graph("identity u8 1");
    const uint32_t context = guest.context(graph);
    EXPECT_GT(graph, last);
    EXPECT_GT(context, graph);
    last = context;
    // One is not the other.
    EXPECT_EQ(guest.call("compute", {graph}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("unload", {context}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("finalize_execution_context", {context}), Errno::success);
    EXPECT_EQ(guest.call("finalize_execution_context", {context}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("unload", {graph}), Errno::success);
    EXPECT_EQ(guest.call("unload", {graph}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("init_execution_context", {graph, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.backend.counts().models, 0);
    EXPECT_EQ(guest.backend.counts().instances, 0);
  }
}

TEST(Lifetimes, UnknownHandles) {
  Guest guest;
  guest.context(guest.graph("identity u8 1"));
  const uint32_t tensor = guest.tensor({1}, kU8, std::vector<uint8_t>{1});
  for (const uint32_t handle : {0u, 3u, 100u, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.call("init_execution_context", {handle, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("set_input", {handle, 0, tensor}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("compute", {handle}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("get_output", {handle, 0, 64, 4, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("compute_single", {handle}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("get_output_single", {handle, 0, 64, 4, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("fini_single", {handle}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("finalize_execution_context", {handle}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("unload", {handle}), Errno::invalid_argument);
  }
}

TEST(Lifetimes, ContextsDrainAfterUnload) {
  Guest guest;
  const uint32_t graph = guest.graph("identity u8 2");
  const uint32_t ran = guest.context(graph), fresh = guest.context(graph);
  EXPECT_EQ(guest.set_input(ran, 0, {2}, kU8, {5, 6}), Errno::success);
  EXPECT_EQ(guest.call("compute", {ran}), Errno::success);
  EXPECT_EQ(guest.call("unload", {graph}), Errno::success);
  EXPECT_EQ(guest.backend.counts().models, 1);
  EXPECT_EQ(guest.output(ran), std::vector<uint8_t>({5, 6}));
  EXPECT_EQ(guest.set_input(ran, 0, {2}, kU8, {7, 8}), Errno::invalid_argument);
  EXPECT_EQ(guest.call("compute", {ran}), Errno::invalid_argument);
  EXPECT_EQ(guest.call("compute_single", {ran}), Errno::invalid_argument);
  EXPECT_EQ(guest.output(ran), std::vector<uint8_t>({5, 6}));
  EXPECT_EQ(guest.call("get_output", {fresh, 0, 0x8000, 64, 8}), Errno::runtime_error);
  EXPECT_EQ(guest.call("finalize_execution_context", {ran}), Errno::success);
  EXPECT_EQ(guest.backend.counts().models, 1);
  EXPECT_EQ(guest.call("finalize_execution_context", {fresh}), Errno::success);
  EXPECT_EQ(guest.backend.counts().models, 0);
}

TEST(Lifetimes, AHostTakesAllWithIt) {
  FakeBackend backend;
  Registry registry;
  {
    Host host(backend, registry);
    std::vector<uint8_t> memory(256);
    std::ranges::copy(fake_model("identity u8 1"), memory.begin() + 64);
    memory[0] = 64;
    memory[4] = 17;
    EXPECT_EQ(host.call(0, std::vector<uint32_t>{0, 1, 1, 0, 16}, memory), Errno::success);
    EXPECT_EQ(host.call(2, std::vector<uint32_t>{memory[16], 16}, memory), Errno::success);
    Host moved = std::move(host);
    EXPECT_EQ(moved.call(2, std::vector<uint32_t>{1, 16}, memory), Errno::success);
    EXPECT_EQ(backend.counts().instances, 2);
  }
  EXPECT_EQ(backend.counts().instances, 0);
  EXPECT_EQ(backend.counts().models, 0);
}

TEST(Lifetimes, ACallWithinACallIsBusy) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("reenter u8 1"));
  Errno inner = Errno::success;
  guest.backend.shared->during_compute = [&] { inner = guest.call("finalize_execution_context", {context}); };
  EXPECT_EQ(guest.set_input(context, 0, {1}, kU8, {1}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(inner, Errno::busy);
  EXPECT_EQ(guest.output(context), std::vector<uint8_t>({1}));
}

TEST(Limits, GraphsContextsAndBytes) {
  Guest graphs(Limits{.graphs = 2});
  const uint32_t graph = graphs.graph("identity u8 1");
  const uint32_t context = graphs.context(graph);
  graphs.graph("identity u8 1");
  const auto model = fake_model("identity u8 1");
  EXPECT_EQ(graphs.load(model), Errno::missing_memory);
  graphs.registry.add("m", [&] { return graphs.backend.model("identity u8 1"); });
  EXPECT_EQ(graphs.call("load_by_name", {graphs.put("m"), 1, 0}), Errno::missing_memory);
  // A graph that a context still uses has not gone.
  EXPECT_EQ(graphs.call("unload", {graph}), Errno::success);
  EXPECT_EQ(graphs.load(model), Errno::missing_memory);
  EXPECT_EQ(graphs.call("finalize_execution_context", {context}), Errno::success);
  EXPECT_EQ(graphs.load(model), Errno::success);

  Guest contexts(Limits{.contexts = 2});
  const uint32_t first = contexts.graph("identity u8 1");
  const uint32_t one = contexts.context(first);
  contexts.context(contexts.graph("identity u8 1"));
  EXPECT_EQ(contexts.call("init_execution_context", {first, 0}), Errno::missing_memory);
  EXPECT_EQ(contexts.call("finalize_execution_context", {one}), Errno::success);
  EXPECT_EQ(contexts.call("init_execution_context", {first, 0}), Errno::success);
  // What fails to start is not counted.
  Guest greedy(Limits{.contexts = 1});
  const uint32_t fails = greedy.graph("greedy u8 1");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(greedy.call("init_execution_context", {fails, 0}), Errno::missing_memory);
  greedy.context(greedy.graph("identity u8 1"));

  Guest bytes(Limits{.bytes = 1017});  // a model of 17 bytes, an instance of 1000
  const uint32_t small = bytes.graph("identity u8 1");
  bytes.context(small);
  EXPECT_EQ(bytes.call("init_execution_context", {small, 0}), Errno::missing_memory);
  EXPECT_EQ(bytes.load(model), Errno::missing_memory);
  EXPECT_EQ(bytes.backend.counts().loads, 1);
}

TEST(Limits, AContextCountsAsItGrows) {
  Guest guest(Limits{.bytes = 2300});
  const uint32_t graph = guest.graph("grow u8 1-9999");  // 18 bytes
  const uint32_t a = guest.context(graph), b = guest.context(graph);
  const auto run = [&](uint32_t context, uint32_t bytes) {
    guest.top = 4096;
    EXPECT_EQ(guest.set_input(context, 0, {bytes}, kU8, std::vector<uint8_t>(bytes)), Errno::success);
    return guest.call("compute", {context});
  };
  EXPECT_EQ(run(a, 283), Errno::missing_memory);
  EXPECT_EQ(run(a, 200), Errno::success);
  EXPECT_EQ(run(b, 83), Errno::missing_memory);
  EXPECT_EQ(run(b, 82), Errno::success);
  EXPECT_EQ(run(a, 200), Errno::success);
  EXPECT_EQ(run(a, 201), Errno::missing_memory);
  EXPECT_EQ(guest.call("finalize_execution_context", {a}), Errno::success);
  EXPECT_EQ(run(b, 1282), Errno::success);
  EXPECT_EQ(guest.call("init_execution_context", {graph, 0}), Errno::missing_memory);
}

TEST(Limits, PartsNamesAndConfigurations) {
  Guest guest(Limits{.parts = 2, .name_bytes = 3, .config_bytes = 4});
  const auto model = fake_model("identity u8 1");
  EXPECT_EQ(guest.call("load", {guest.builders({model, {1}}), 2, 1, 0, 0}), Errno::success);
  EXPECT_EQ(guest.call("load", {guest.builders({model, {1}, {2}}), 3, 1, 0, 0}), Errno::missing_memory);
  guest.registry.add("abc", [&] { return guest.backend.model("identity u8 1"); });
  const uint32_t name = guest.put("abcd"), config = guest.put("{   }");
  EXPECT_EQ(guest.call("load_by_name", {name, 3, 0}), Errno::success);
  EXPECT_EQ(guest.call("load_by_name", {name, 4, 0}), Errno::missing_memory);
  EXPECT_EQ(guest.call("load_by_name_with_config", {name, 3, config, 5, 0}), Errno::missing_memory);
}

}  // namespace
}  // namespace weft::nn
