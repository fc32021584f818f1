// The file system, which only the CLI knows: model files as Sources, and folders written aside and then
// renamed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/source.hpp"

namespace weft::cli {

/// A file mapped read-only. Fails with not_found, with what the system says.
Result<std::shared_ptr<const Source>> open_file(const std::filesystem::path& path);

/// Opens a model's external data; refuses what leaves the model's folder, also through links.
Result<std::shared_ptr<const Source>> open_external(const std::filesystem::path& model,
                                                    std::string_view relative_path);

/// Writes a folder under a temporary name beside `folder`, file by file, and puts it in place as a whole by
/// `commit`. What is not committed is removed, also when a signal ends the program.
class FolderWriter {
 public:
  explicit FolderWriter(std::filesystem::path folder);
  ~FolderWriter();
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  Result<void> begin();
  /// Streams one file; `produce` calls its argument with each run of bytes. Returns the lower-case hex
  /// SHA-256.
  using Sink = std::function<Result<void>(std::span<const uint8_t>)>;
  Result<std::string> write(const std::string& name, const std::function<Result<void>(const Sink&)>& produce);
  Result<void> commit();

 private:
  std::filesystem::path folder_, aside_;
};

}  // namespace weft::cli
