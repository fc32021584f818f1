#include "cli/native/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace weft::cli {
namespace fs = std::filesystem;
namespace {

class MappedFile final : public Source {
 public:
  MappedFile(const uint8_t* data, uint64_t size) : data_(data), size_(size) {}
  ~MappedFile() override {
    if (size_ > 0) munmap(const_cast<uint8_t*>(data_), size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    return MemorySource({data_, size_}).read(offset, out);
  }

 private:
  const uint8_t* data_;
  uint64_t size_;
};

std::unexpected<Error> system_error(const std::string& what, const fs::path& path) {
  return fail(ErrorKind::not_found, what + " " + path.string() + ": " + std::strerror(errno));
}

/// The folder that a signal must remove; a plain array, since a handler may not allocate.
char g_unfinished[4096];

/// Ctrl-C: nothing half-written stays. Only async-signal-safe calls.
extern "C" void on_signal(int signal_number) {
  if (g_unfinished[0] != 0) {
    // The folder is flat: unlink its files, then itself.
    const int folder = open(g_unfinished, O_RDONLY | O_DIRECTORY);
    for (const char* name :
         {"model.wasm", "model.relaxed.wasm", "model.scalar.wasm", "model.weights", "model.component.wasm",
          "model.json", "model.js", "model.worker.js", "model.d.ts", "index.html"})
      if (folder >= 0) unlinkat(folder, name, 0);
    rmdir(g_unfinished);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const uint8_t> bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  /// Of what came since the last call.
  std::string hex() {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, digest, &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      char pair[3];
      std::snprintf(pair, sizeof pair, "%02x", digest[i]);
      text += pair;
    }
    EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

/// Hashes a stream in chunks of equal size; of 0 bytes: not at all.
class ChunkHasher {
 public:
  explicit ChunkHasher(uint64_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}
  void update(std::span<const uint8_t> bytes) {
    while (chunk_bytes_ > 0 && !bytes.empty()) {
      const auto part = bytes.first(std::min<uint64_t>(bytes.size(), chunk_bytes_ - filled_));
      hash_.update(part);
      filled_ += part.size();
      bytes = bytes.subspan(part.size());
      if (filled_ == chunk_bytes_) close();
    }
  }
  std::vector<std::string> finish() {
    if (filled_ > 0) close();
    return std::move(chunks_);
  }

 private:
  void close() {
    chunks_.push_back(hash_.hex());
    filled_ = 0;
  }
  uint64_t chunk_bytes_, filled_ = 0;
  Sha256 hash_;
  std::vector<std::string> chunks_;
};

/// Runs of weights are copied in pieces of this size.
constexpr uint64_t kCopyBytes = 1 << 20;

class FolderWriter final : public OutputFolder {
 public:
  explicit FolderWriter(fs::path folder) : folder_(std::move(folder)) {}
  ~FolderWriter() override;
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  Result<void> begin();
  Result<FileHashes> write(const bundle::BundleFile& file, const Blobs& blobs) override;
  Result<void> commit() override;

 private:
  bool may_replace() const;

  fs::path folder_, aside_;
};

/// Calls `sink` with each run of a file's bytes.
template <class Sink>
Result<void> for_each_run(const bundle::BundleFile& file, const Blobs& blobs, Sink&& sink) {
  for (const bundle::Piece& piece : file.pieces) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece)) {
      WEFT_TRY(sink(*bytes));
      continue;
    }
    const BlobRange& range = std::get<BlobRange>(piece);
    for (uint64_t done = 0; done < range.bytes; done += kCopyBytes) {
      const BlobRange part{range.blob, range.offset + done, std::min(kCopyBytes, range.bytes - done)};
      WEFT_ASSIGN(bytes, read_range(blobs, part));
      WEFT_TRY(sink(bytes));
    }
  }
  return {};
}

FolderWriter::~FolderWriter() {
  std::error_code ignored;
  if (!aside_.empty()) fs::remove_all(aside_, ignored);
  g_unfinished[0] = 0;
}

Result<void> FolderWriter::begin() {
  std::error_code error;
  const fs::path parent = fs::absolute(folder_, error).parent_path();
  fs::create_directories(parent, error);
  std::string pattern = (parent / ("." + folder_.filename().string() + ".tmp.XXXXXX")).string();
  // A signal waits until the handler knows the folder.
  sigset_t signals, before;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, number);
    signal(number, on_signal);
  }
  sigprocmask(SIG_BLOCK, &signals, &before);
  const bool made = mkdtemp(pattern.data()) != nullptr;
  if (made) std::snprintf(g_unfinished, sizeof g_unfinished, "%s", pattern.c_str());
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (!made) return system_error("cannot write beside", folder_);
  aside_ = pattern;
  chmod(pattern.c_str(), 0755);
  return {};
}

Result<FileHashes> FolderWriter::write(const bundle::BundleFile& content, const Blobs& blobs) {
  const fs::path path = aside_ / content.name;
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return system_error("cannot write", path);
  Sha256 hash;
  ChunkHasher chunks(content.chunk_bytes);
  const Result<void> written =
      for_each_run(content, blobs, [&](const std::vector<uint8_t>& bytes) -> Result<void> {
        hash.update(bytes);
        chunks.update(bytes);
        if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
          return system_error("cannot write", path);
        return {};
      });
  const bool closed = std::fclose(file) == 0;
  if (!written) return std::unexpected(written.error());
  if (!closed) return system_error("cannot write", path);
  return FileHashes{hash.hex(), chunks.finish()};
}

/// An older bundle, or nothing but files that are called as those that are written, and an object's weights:
/// the folder may have a program or the model itself beside them, of the same name.
bool FolderWriter::may_replace() const {
  if (!fs::is_directory(folder_)) return false;
  if (fs::exists(folder_ / "model.json")) return true;
  std::error_code error;
  std::set<fs::path> written;
  for (fs::directory_iterator at(aside_, error), end; !error && at != end; at.increment(error)) {
    written.insert(at->path().filename());
    if (at->path().extension() == ".o") written.insert(at->path().stem() += ".weights");
  }
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (!written.contains(at->path().filename())) return false;
  return !error;
}

Result<void> FolderWriter::commit() {
  std::error_code error;
  // It is replaced as a whole; anything else that has the name is left alone.
  if (fs::exists(folder_)) {
    if (!may_replace())
      return fail(ErrorKind::invalid_argument,
                  folder_.string() + " exists and is not a bundle; choose another --output");
    fs::path old = aside_;
    old += ".old";
    fs::rename(folder_, old, error);
    if (!error) fs::rename(aside_, folder_, error);
    if (!error) fs::remove_all(old, error);
  } else {
    fs::rename(aside_, folder_, error);
  }
  if (error) return fail(ErrorKind::not_found, "cannot write " + folder_.string() + ": " + error.message());
  aside_.clear();
  g_unfinished[0] = 0;
  return {};
}

}  // namespace

Result<std::shared_ptr<const Source>> open_file(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error("cannot open", path);
  struct stat facts{};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    close(file);
    return fail(ErrorKind::not_found, path.string() + " is not a file");
  }
  const auto size = static_cast<uint64_t>(facts.st_size);
  void* data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (data == MAP_FAILED) return system_error("cannot read", path);
  return std::make_shared<MappedFile>(static_cast<const uint8_t*>(data), size);
}

Result<std::shared_ptr<const Source>> open_external(const fs::path& model, std::string_view relative_path) {
  std::error_code error;
  const fs::path folder = fs::canonical(model, error).parent_path();
  const fs::path path = fs::weakly_canonical(folder / relative_path, error);
  if (std::ranges::mismatch(folder, path).in1 != folder.end())
    return fail(ErrorKind::invalid_model,
                "external data " + std::string(relative_path) + " lies outside the model's folder");
  return open_file(path);
}

Result<std::unique_ptr<OutputFolder>> create_output_folder(const fs::path& path) {
  auto folder = std::make_unique<FolderWriter>(path);
  WEFT_TRY(folder->begin());
  return folder;
}

}  // namespace weft::cli
