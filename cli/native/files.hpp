// The file system: model files as Sources, and folders written aside and then renamed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/host.hpp"

namespace weft::cli {

/// A file mapped read-only. Fails with not_found, with what the system says.
Result<std::shared_ptr<const Source>> open_file(const std::filesystem::path& path);

/// Opens a model's external data; refuses what leaves the model's folder, also through links.
Result<std::shared_ptr<const Source>> open_external(const std::filesystem::path& model,
                                                    std::string_view relative_path);

/// Writes a folder under a temporary name beside `path`, file by file, and puts it in place as a whole. What
/// is not committed is removed, also when a signal ends the program.
Result<std::unique_ptr<OutputFolder>> create_output_folder(const std::filesystem::path& path);

}  // namespace weft::cli
