// bench_compile MODEL.onnx VARIANTS RUNS [INPUT=AxBxC...]: how long compiling takes, from the model's bytes
// in memory to the bundle's bytes in memory. Prints lines for bench/compile_time.mjs:
//   run COMPILE_MS COPY_MS BYTES   COPY is of the pieces into the files, the weights above all; BYTES of all
//   files sample COUNT PC PC...        a call stack of further runs, innermost first, addresses as in the
//   executable
#include <execinfo.h>
#include <link.h>
#include <sys/time.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "compile/compile.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

// --- call stacks ------------------------------------------------------------------------------------------

constexpr int kDepth = 200;
constexpr size_t kMostSamples = 20000;
constexpr int kMicroseconds = 250;

struct Sample {
  int frames = 0;
  void* pcs[kDepth];
};
std::vector<Sample> samples;  // as large as it gets before the first signal
size_t sampled = 0;

void take_sample(int) {
  if (sampled < samples.size()) samples[sampled].frames = backtrace(samples[sampled].pcs, kDepth);
  if (sampled < samples.size()) ++sampled;
}

void sample_every(int microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// Where the executable was loaded.
uintptr_t load_address() {
  uintptr_t address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the first is the executable
      },
      &address);
  return address;
}

void print_samples() {
  const uintptr_t base = load_address();
  // The handler and what called it come first.
  constexpr int kSkipped = 2;
  std::map<std::vector<uintptr_t>, int> stacks;
  for (size_t i = 0; i < sampled; ++i) {
    std::vector<uintptr_t> stack;
    for (int f = kSkipped; f < samples[i].frames; ++f)
      stack.push_back(reinterpret_cast<uintptr_t>(samples[i].pcs[f]) - base);
    ++stacks[stack];
  }
  for (const auto& [stack, count] : stacks) {
    std::printf("sample %d", count);
    for (const uintptr_t pc : stack) std::printf(" %llx", static_cast<unsigned long long>(pc));
    std::printf("\n");
  }
}

// --- compiling --------------------------------------------------------------------------------------------

std::vector<uint8_t> read_file(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "bench_compile: cannot open %s\n", path);
    std::exit(6);
  }
  std::fseek(file, 0, SEEK_END);
  std::vector<uint8_t> bytes(static_cast<size_t>(std::ftell(file)));
  std::fseek(file, 0, SEEK_SET);
  const size_t got = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  bytes.resize(got);
  return bytes;
}

graph::Ints shape(const char* text) {
  graph::Ints extents;
  for (char* end = nullptr; *text != 0; text = *end == 'x' ? end + 1 : end) {
    extents.push_back(std::strtoll(text, &end, 10));
    if (end == text) return {};
  }
  return extents;
}

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> all(1);
  for (const char c : list) {
    if (c == ',') all.emplace_back();
    else all.back() += c;
  }
  return all;
}

compile::Compiled compile_once(const Blobs& blobs, const compile::CompileOptions& options) {
  Result<compile::Compiled> compiled = compile::compile_model(blobs, options);
  if (compiled) return std::move(*compiled);
  std::fprintf(stderr, "bench_compile: %s\n", to_string(compiled.error()).c_str());
  std::exit(3);
}

/// The files as one piece of memory; returns its size, so that nothing is left out.
uint64_t copy_bundle(const compile::Compiled& compiled, const std::vector<uint8_t>& model) {
  uint64_t total = 0;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    std::vector<uint8_t> bytes;
    bytes.reserve(bundle::size(file));
    for (const bundle::Piece& piece : file.pieces) {
      if (const auto* own = std::get_if<std::vector<uint8_t>>(&piece)) {
        bytes.insert(bytes.end(), own->begin(), own->end());
        continue;
      }
      const BlobRange& range = std::get<BlobRange>(piece);
      const auto from = model.begin() + static_cast<ptrdiff_t>(range.offset);
      bytes.insert(bytes.end(), from, from + static_cast<ptrdiff_t>(range.bytes));
    }
    total += bytes.size();
  }
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: bench_compile MODEL.onnx VARIANTS RUNS [INPUT=AxBxC...]\n", stderr);
    return 2;
  }
  const std::vector<uint8_t> model = read_file(argv[1]);
  const Blobs blobs = {std::make_shared<MemorySource>(model)};
  compile::CompileOptions options;
  options.variants = words(argv[2]);
  options.name = "model";
  const int runs = std::atoi(argv[3]);
  for (int i = 4; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = text.rfind('=');
    if (equals != std::string::npos)
      options.read.shapes[text.substr(0, equals)] = shape(argv[i] + equals + 1);
  }
  for (int i = 0; i < runs; ++i) {
    const Clock::time_point from = Clock::now();
    const compile::Compiled compiled = compile_once(blobs, options);
    const double compile_ms = ms_since(from);
    const Clock::time_point copying = Clock::now();
    const uint64_t bytes = copy_bundle(compiled, model);
    std::printf("run %.3f %.3f %llu\n", compile_ms, ms_since(copying),
                static_cast<unsigned long long>(bytes));
  }
  samples.resize(kMostSamples);
  void* first[1];
  backtrace(first, 1);  // loads what it needs, which a handler must not
  std::signal(SIGALRM, take_sample);
  sample_every(kMicroseconds);
  for (int i = 0; i < runs; ++i) compile_once(blobs, options);
  sample_every(0);
  print_samples();
  return 0;
}
