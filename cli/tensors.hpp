// Inputs from files and generators, outputs as files and as a summary: what cli/run/tensors.mjs does, for
// engines that are not JavaScript's. Both read the same bytes from the same words.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/host.hpp"
#include "cli/json.hpp"

namespace weft::cli {

/// The inputs of a run, in the order of `ports`. `given`: "NAME=VALUE", as --input has it; names may hold a
/// "=" too. Inputs that nothing says are random. Errors name the input, and the file where there is one:
/// invalid_argument, not_found.
Result<std::vector<graph::Tensor>> read_inputs(std::span<const TensorPort> ports,
                                               const std::vector<std::string>& given, Host& host);

/// "f32 [1, 3]": the greatest extents.
std::string shown(const TensorPort& port);

/// The elements that a shape has; UINT64_MAX beyond 64 bits.
uint64_t element_count(std::span<const int64_t> shape);

/// Appends one element. Floats narrower than f32 are rounded towards zero; integers wrap around.
void append_element(std::vector<uint8_t>& bytes, DType dtype, double value);
/// The element at `index`, which lies in `bytes`.
double element_at(std::span<const uint8_t> bytes, DType dtype, size_t index);

/// A .npy file (numpy's format 1.0 to 3.0) as a port takes it. `file` is for messages.
Result<graph::Tensor> read_npy(const TensorPort& port, const std::string& file,
                               std::span<const uint8_t> bytes);
/// A .npy file, version 1.0.
std::string npy_file(const graph::Tensor& tensor);
/// A file name for each output: its name without what file systems dislike, made unique.
std::vector<std::string> npy_names(std::span<const TensorPort> ports);

/// What a person looks at first. NaN is counted and left out of the statistics, which are not there without
/// other elements.
struct Summary {
  std::string name;
  DType dtype = DType::f32;
  graph::Ints shape;
  std::optional<double> min, max, mean;
  uint64_t nan = 0;
  std::vector<double> first;
  std::string file;  ///< where it was written, or empty
};
Summary summarize(const TensorPort& port, const graph::Tensor& tensor);
std::string to_text(const Summary& summary);
ordered_json to_json(const Summary& summary);

/// As JavaScript prints it, to six digits unless it is whole.
std::string number_text(double value);

}  // namespace weft::cli
