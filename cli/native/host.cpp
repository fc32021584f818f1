#include "cli/native/host.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/native/files.hpp"

namespace weft::cli {
namespace fs = std::filesystem;

void NativeHost::print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void NativeHost::print_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string NativeHost::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

bool NativeHost::is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::string NativeHost::absolute(const std::string& path) {
  std::error_code error;
  return fs::absolute(path, error).string();
}

Result<std::shared_ptr<const Source>> NativeHost::open(const std::string& path) { return open_file(path); }

Result<std::shared_ptr<const Source>> NativeHost::open_external(const std::string& model,
                                                                std::string_view relative) {
  return cli::open_external(model, relative);
}

Result<std::shared_ptr<const Source>> NativeHost::open_part(const std::string& name) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* folder : {".", "../share/weft", "../wasm"})
    if (const fs::path path = program / folder / name; fs::exists(path, error)) return open_file(path);
  return fail(ErrorKind::not_found,
              name +
                  " is not beside the program: `make component-host` builds it, or copy it there from the "
                  "npm package weft (cli/" +
                  name + ")");
}

Result<std::unique_ptr<OutputFolder>> NativeHost::create_folder(const std::string& path) {
  return create_output_folder(path);
}

Result<void> NativeHost::write_file(const std::string& path, std::string_view bytes) {
  if (const fs::path folder = fs::path(path).parent_path(); !folder.empty()) {
    std::error_code error;  // what is wrong with it shows when the file is made
    fs::create_directories(folder, error);
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed) return {};
  return fail(ErrorKind::not_found, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace weft::cli
