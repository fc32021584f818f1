#include "component/model/compiled.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "component/model/imports.hpp"
#include "machine/nn/ports.hpp"

namespace weft::component {

uint64_t ModelCode::memory_bytes() const { return memory_pages() * machine::kPageBytes; }

machine::Outcome<void> ModelCode::grow(uint64_t bytes) {
  if (memory_grow(static_cast<uint32_t>(bytes / machine::kPageBytes) - memory_pages()) != 0) return {};
  return machine::refuse(WEFT_NO_MEMORY, "cannot have " + std::to_string(bytes) + " bytes of memory");
}

void ModelCode::write(uint64_t address, std::span<const uint8_t> data) {
  auto at = static_cast<uint32_t>(address);
  const uint8_t* from = data.data();
  size_t left = data.size();
  uint64_t words[4];
  for (; left >= sizeof words; at += sizeof words, from += sizeof words, left -= sizeof words) {
    std::memcpy(words, from, sizeof words);
    memory_put32(at, words[0], words[1], words[2], words[3]);
  }
  for (; left >= 8; at += 8, from += 8, left -= 8) {
    std::memcpy(words, from, 8);
    memory_put8(at, words[0]);
  }
  for (; left > 0; ++at, ++from, --left) memory_put1(at, *from);
}

void ModelCode::read(uint64_t address, std::span<uint8_t> out) {
  auto at = static_cast<uint32_t>(address);
  uint8_t* to = out.data();
  size_t left = out.size();
  for (; left >= 8; at += 8, to += 8, left -= 8) {
    const uint64_t word = memory_get8(at);
    std::memcpy(to, &word, 8);
  }
  for (; left > 0; ++at, ++to, --left) *to = static_cast<uint8_t>(memory_get1(at));
}

std::span<const uint8_t> ModelCode::view(uint64_t address, uint64_t bytes) {
  copy_.resize(bytes);
  read(address, copy_);
  return copy_;
}

void ModelCode::load(uint64_t offset, uint64_t address, uint64_t bytes) {
  memory_load(static_cast<uint32_t>(address), static_cast<uint32_t>(offset), static_cast<uint32_t>(bytes));
}

machine::Outcome<int32_t> ModelCode::step(uint32_t context) { return model_step(context, 0); }

namespace {

std::unexpected<nn::Error> failed(const machine::Error& error) {
  return nn::refuse(machine::errno_of(error.status), error.message);
}

}  // namespace

class Context final : public nn::Instance {
 public:
  explicit Context(CompiledModel& model) : model_(model) {
    ++model_.contexts_;
    model_.machine_.reset();
  }
  ~Context() override {
    --model_.contexts_;
    if (model_.turn_ == this) model_.turn_ = nullptr;
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  nn::Outcome<void> set_input(uint32_t index, const nn::TensorView& tensor) override {
    take_turn();
    const auto done = model_.machine_.set_input(index, tensor.data, tensor.dims);
    return done ? nn::Outcome<void>() : failed(done.error());
  }

  // The memory is within the limit that its module has.
  nn::Outcome<void> compute(uint64_t) override {
    take_turn();
    const auto done = model_.machine_.run();
    if (done) return {};
    // Modules are made with this one, so what they ask for wrongly is no mistake of a guest.
    if (done.error().status == WEFT_BAD_BUNDLE || done.error().status == WEFT_UNSUPPORTED)
      return nn::refuse(nn::Errno::runtime_error, done.error().message);
    return failed(done.error());
  }

  uint64_t bytes() const override { return 0; }

  nn::Outcome<nn::TensorView> output(uint32_t index) override {
    if (model_.turn_ != this)
      return nn::refuse(nn::Errno::runtime_error, "the outputs are gone: another context has run since");
    const auto tensor = model_.machine_.output(index);
    if (!tensor) return nn::refuse(nn::Errno::runtime_error, tensor.error().message);
    return nn::TensorView{tensor->dtype, tensor->shape, tensor->data};
  }

 private:
  void take_turn() {
    if (model_.turn_ != this) model_.machine_.forget_inputs();
    model_.turn_ = this;
  }
  CompiledModel& model_;
};

CompiledModel::CompiledModel(machine::Manifest manifest, size_t variant, SourceFile source)
    : description_(std::move(manifest), variant), source_(std::move(source)), machine_(description_, code_) {
  const std::vector<machine::Dimension>& dimensions = description_.manifest().dimensions;
  for (const machine::VisiblePort& input : description_.inputs())
    inputs_.push_back(machine::port_of(*input.port, dimensions));
  for (const machine::VisiblePort& output : description_.outputs())
    outputs_.push_back(machine::port_of(*output.port, dimensions));
}

machine::Outcome<std::shared_ptr<CompiledModel>> CompiledModel::make() {
  std::string facts(facts_size(), '\0');
  for (uint32_t i = 0; i < facts.size(); ++i) facts[i] = static_cast<char>(facts_get1(i));
  const std::string where = "the component";
  WEFT_MACHINE_ASSIGN(manifest, machine::read_manifest(facts, where));
  WEFT_MACHINE_ASSIGN(variant, machine::choose_variant(manifest, "", where));
  SourceFile source;
  const auto json = nlohmann::json::parse(facts, nullptr, false);
  if (const auto found = json.find("source"); found != json.end())
    source = {found->value("bytes", uint64_t{0}), found->value("sha256", std::string())};
  return std::shared_ptr<CompiledModel>(new CompiledModel(std::move(manifest), variant, std::move(source)));
}

nn::Outcome<std::unique_ptr<nn::Instance>> CompiledModel::instantiate() {
  if (description_.reset_input() && contexts_ > 0)
    return nn::refuse(nn::Errno::unsupported_operation,
                      "the model keeps states, for which this component has one place: drop the execution "
                      "context that there is before another is made");
  if (!is_prepared_) {
    const auto done = machine_.prepare();
    if (!done) return failed(done.error());
    memory_drop();
    is_prepared_ = true;
  }
  return std::make_unique<Context>(*this);
}

}  // namespace weft::component
