// Options that every command on a model has.
#pragma once

#include <initializer_list>

#include "cli/host.hpp"
#include "cli/options.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

/// --dim, --shape and the like, and the model's folder for external data.
Result<onnx::ReadOptions> read_options(const Options& options, Host& host);

/// All of CompileOptions that options say; those that the command does not have keep their defaults.
Result<compile::CompileOptions> read_compile_options(const Options& options, Host& host);

/// The place of an option's value among its names; 0 where the command has no such option.
Result<size_t> one_of(const Options& options, const char* option, std::initializer_list<const char*> names);

/// --preprocess and --labels.
Result<void> read_media_options(const Options& options, compile::CompileOptions& compile_options, Host& host);

}  // namespace weft::cli
