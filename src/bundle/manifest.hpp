// model.json, and the custom section `weft` of every module, as data (docs/bundle.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.hpp"
#include "bundle/weights.hpp"
#include "graph/graph.hpp"
#include "plan/program.hpp"
#include "plan/tables.hpp"

namespace weft::bundle {

inline constexpr uint32_t kAbiMajor = 1, kAbiMinor = 1;
/// In required_features: extents depend on symbols.
inline constexpr const char* kSymbolsFeature = "symbols";
/// In required_features: memory grows, and inputs and outputs lie where the symbols' values put them.
inline constexpr const char* kPlacesFeature = "places";
/// In required_features: ports have strings, or there are custom statements.
inline constexpr const char* kStringsFeature = "strings";
/// In required_features: `prepare` asks for the weights (step's result `load`).
inline constexpr const char* kLoadFeature = "load";
/// The input that makes a model forget its states: boolean[]. model.js sets it.
inline constexpr const char* kResetInput = "state.reset";
/// Name of the custom section that holds manifest_section().
inline constexpr const char* kSectionName = "weft";
inline constexpr uint64_t kPageBytes = 65536;

/// How a picture of any size becomes one of the input's, as CSS object-fit says it.
enum class PictureFit : uint8_t { fill, cover, contain };
struct PictureFitting {
  PictureFit fit = PictureFit::fill;
  int64_t side = 0;  ///< with cover: what the shorter side becomes before the middle is cut out
  std::array<uint8_t, 3> pad = {};  ///< colour of what a picture does not cover
};

struct Port {
  std::string name;
  DType dtype = DType::f32;
  graph::Ints shape;                   ///< the greatest extents
  std::vector<std::string> dims = {};  ///< extents as expressions over the symbols; empty where shape is all
  std::optional<PictureFitting> picture = std::nullopt;  ///< an input u8[1, H, W, 4] that takes pictures
  bool is_string = false;                                ///< the elements are ids of strings
  int64_t sample_rate = 0;                               ///< of an input that takes sound, Hz; 0: it does not
  std::vector<std::string> labels = {};                  ///< of an output's last axis; not in modules
};

struct EntryInfo {
  std::string name;
  uint32_t records = 0;
};

/// What one statement of `run` does (`weft compile --profile-info`).
struct StatementInfo {
  std::string work;       ///< loops::WorkClass, "fill" or "copy"
  std::string kernel;     ///< operations of the kernel; empty for fills and copies
  uint32_t function = 0;  ///< the kernel's number: calls of one share their code
  std::string source;     ///< the model's nodes; the buffer of a fill or copy
  uint64_t flops = 0, bytes = 0;
};

struct Variant {
  std::string name;            ///< scalar, simd128, relaxed
  std::string file;            ///< its module
  uint64_t pages = 0;          ///< of memory, for the greatest symbols
  uint64_t initial_pages = 0;  ///< what is there before any symbol is chosen
  plan::MemoryPlan memory;
  uint64_t resident_bytes = 0;   ///< of memory.weights_bytes, the weights that run reads as they are
  uint64_t run_arena_bytes = 0;  ///< of memory.arena_bytes, what run alone needs
  uint32_t context = 0;
  std::vector<EntryInfo> entries;
  uint32_t symbols = 0, answers = 0;  ///< addresses of the symbols' values, and of the outputs' extents
  uint32_t places = 0;  ///< address of what memory they take: plan::StaticData::places; 0: none that moves
  std::vector<uint64_t> inputs, outputs;         ///< addresses, parallel to the manifest's
  std::vector<std::array<uint64_t, 3>> weights;  ///< offset in the data part, address, bytes; by offset
  std::vector<StatementInfo> profile;            ///< parallel to the statements of `run`, or empty
};

struct Manifest {
  std::vector<std::string> required_features;
  std::string name;
  std::string generator;  ///< "weft 0.1.0"
  std::vector<expr::Variable>
      symbols;  ///< the dimensions: extents, not steps; without the prefix of their names
  std::vector<Port> inputs, outputs;
  std::vector<std::string> nodes;
  std::vector<std::string> strings = {};       ///< the model's own, by id; not in modules
  std::vector<plan::CustomInfo> customs = {};  ///< what custom statements refer to
  bool int64_numbers = false;  ///< 64-bit integers are numbers in JavaScript, where the caller does not say
  uint64_t weights_bytes = 0;  ///< of the data part
  uint64_t weights_tensors = 0;
  uint64_t weights_file_bytes = 0;
  /// SHA-256 of each chunk of kWeightsChunkBytes of model.weights, lower-case hexadecimal; empty until the
  /// caller has hashed them: modules are made before.
  std::vector<std::string> weights_chunks;
  std::vector<Variant> variants;
};

/// A file as `files` lists it. The core sees no weights, so the caller hashes.
struct HashedFile {
  std::string name, variant;
  uint64_t bytes = 0;
  std::string sha256;  ///< lower-case hexadecimal
};

/// Everything that does not depend on a variant.
Manifest make_manifest(const graph::Graph& g, const WeightsFile& weights, std::string generator);

/// One variant, from its placed program: `weights`, `inputs` and `outputs` are what build_program gives.
Variant make_variant(std::string name, std::string file, const plan::Program& program,
                     const plan::MemoryPlan& memory, const plan::StaticData& tables,
                     const WeightsFile& file_of_weights,
                     const std::map<graph::ValueId, plan::BufferId>& weights,
                     const std::vector<plan::BufferId>& inputs, const std::vector<plan::BufferId>& outputs);

/// What the statements of the entry `run` compute and touch.
std::vector<StatementInfo> statement_infos(const plan::Program& program);

/// Compact JSON without `files`: the contents of the custom section.
std::string manifest_section(const Manifest& manifest);

/// model.json: indented, with `files`, newline at the end.
std::string manifest_with_files(const Manifest& manifest, std::span<const HashedFile> files);

}  // namespace weft::bundle
