// Wasmtime in `make engines`: `engine_wasmtime BUNDLE RUNS WARMUP VARIANT...` prints what core.mjs gives for
// an engine of JavaScript, on the same input.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <weft.hpp>

namespace {

/// Uniform in [-1, 1), as core.mjs makes it.
std::vector<float> input(const weft_port& port) {
  size_t count = 1;
  for (uint32_t i = 0; i < port.rank; ++i) count *= port.shape[i].max;
  std::vector<float> values(count);
  uint32_t state = 0x9e3779b9;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(state / 2147483648.0 - 1);
  }
  return values;
}

class Runner {
 public:
  Runner(const std::string& bundle, const char* variant) : instance_(weft::Model(bundle, variant)) {
    const weft::Model& model = instance_.model();
    for (uint32_t i = 0; i < model.inputs(); ++i) inputs_.push_back(input(model.input(i)));
  }

  /// As a run from JavaScript: inputs in, results out.
  void run() {
    for (uint32_t i = 0; i < inputs_.size(); ++i)
      instance_.set_input(i, inputs_[i].data(), inputs_[i].size());
    instance_.run();
    outputs_.resize(instance_.model().outputs());
    for (uint32_t i = 0; i < outputs_.size(); ++i) {
      const weft::Tensor tensor = instance_.output(i);
      outputs_[i].resize(tensor.bytes() / 4);
      std::memcpy(outputs_[i].data(), tensor.data(), 4 * outputs_[i].size());
    }
  }
  const std::vector<std::vector<uint32_t>>& bits() const { return outputs_; }
  const char* variant() const { return instance_.model().variant(); }

 private:
  weft::Instance instance_;
  std::vector<std::vector<float>> inputs_;
  std::vector<std::vector<uint32_t>> outputs_;
};

double median_ms(Runner& runner, int runs, int warmup) {
  for (int i = 0; i < warmup; ++i) runner.run();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto from = std::chrono::steady_clock::now();
    runner.run();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    nlohmann::json result;
    for (int i = 4; i < argc; ++i) {
      Runner runner(argv[1], argv[i]);
      runner.run();
      result["variants"][argv[i]]["bits"] = runner.bits();
    }
    Runner runner(argv[1], nullptr);
    result["chosen"] = runner.variant();
    result["reason"] = "Wasmtime has what it needs";
    result["ms"] = median_ms(runner, std::atoi(argv[2]), std::atoi(argv[3]));
    std::cout << result << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
