// The interpreter as a module with plain functions, for tests and measurements in Node
// (tests/support/interpreter.mjs). One model at a time. Functions return 0, or a message's length.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "interpreter/backend.hpp"
#include "interpreter/run.hpp"

#define WEFT_EXPORT(name) __attribute__((export_name(name)))

namespace {

using namespace weft;

std::shared_ptr<interpreter::LoadedModel> model;
std::unique_ptr<interpreter::Run> run;
std::string text;

uint32_t tell(std::string message) {
  text = std::move(message);
  return static_cast<uint32_t>(text.size());
}

uint32_t outcome(const Result<void>& result) { return result ? 0 : tell(to_string(result.error())); }

}  // namespace

extern "C" {
WEFT_EXPORT("allocate") void* test_allocate(uint32_t bytes) { return std::malloc(bytes); }
WEFT_EXPORT("release") void test_release(void* bytes) { std::free(bytes); }
WEFT_EXPORT("message") const char* test_message() { return text.data(); }

WEFT_EXPORT("load") uint32_t test_load(const uint8_t* bytes, uint32_t size) {
  run.reset();
  model.reset();
  auto prepared = interpreter::prepare({bytes, bytes + size});
  if (!prepared) return tell(to_string(prepared.error()));
  model = std::make_shared<interpreter::LoadedModel>();
  model->prepared = std::move(*prepared);
  run = std::make_unique<interpreter::Run>(model);
  return interpreter::has_known_shapes(model->prepared.g) ? outcome(run->prepare_known()) : 0;
}

/// Another instance of the model.
WEFT_EXPORT("again") void test_again() { run = std::make_unique<interpreter::Run>(model); }

/// A graph in text form, as it is.
WEFT_EXPORT("load_graph") uint32_t test_load_graph(const char* bytes, uint32_t size) {
  auto g = graph::parse({bytes, size});
  if (!g) return tell(to_string(g.error()));
  model = std::make_shared<interpreter::LoadedModel>();
  model->prepared.g = std::move(*g);
  run = std::make_unique<interpreter::Run>(model);
  return 0;
}

/// Writes the message "name type;…" of the inputs, or of the outputs.
WEFT_EXPORT("ports") uint32_t test_ports(uint32_t outputs) {
  std::string all;
  const graph::Graph& g = model->prepared.g;
  for (const graph::Port& port : outputs != 0 ? g.outputs : g.inputs)
    all += port.name + "\t" + to_string(g.values[port.value].type) + "\n";
  return tell(std::move(all));
}

WEFT_EXPORT("set_input")
uint32_t test_set_input(uint32_t index, const int32_t* dims, uint32_t rank, const uint8_t* bytes,
                        uint32_t size) {
  return outcome(run->set_input(index, {dims, dims + rank}, {bytes, size}));
}

WEFT_EXPORT("compute") uint32_t test_compute() {
  const Result<void> ready = run->prepare(UINT32_MAX);
  return ready ? outcome(run->compute()) : outcome(ready);
}

/// The same by the evaluator alone, whose results are the outputs then.
WEFT_EXPORT("evaluate") uint32_t test_evaluate() {
  const Result<void> ready = run->prepare(UINT32_MAX);
  return ready ? outcome(run->evaluate()) : outcome(ready);
}

WEFT_EXPORT("output_data") const uint8_t* test_output(uint32_t index) { return run->output(index).data(); }
WEFT_EXPORT("output_bytes") uint32_t test_output_bytes(uint32_t index) {
  return static_cast<uint32_t>(run->output(index).size());
}
WEFT_EXPORT("output_shape") uint32_t test_output_shape(uint32_t index) {
  std::string all;
  for (const int64_t extent : run->output_shape(index)) all += std::to_string(extent) + " ";
  return tell(std::move(all));
}
WEFT_EXPORT("evaluated") uint32_t test_evaluated() {
  std::string all;
  for (const std::string& node : run->evaluated()) all += node + "\n";
  return tell(std::move(all));
}
}
