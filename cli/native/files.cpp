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
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

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

/// The folder that a signal must remove, and its files; plain arrays, since a handler may not allocate.
char g_unfinished[4096];
char g_files[16][256];
volatile std::sig_atomic_t g_file_count = 0;

/// Before a file is made in the folder.
void announce(const std::string& name) {
  const int count = g_file_count;
  if (count >= static_cast<int>(std::size(g_files))) return;
  std::snprintf(g_files[count], sizeof g_files[count], "%s", name.c_str());
  g_file_count = count + 1;
}

/// Ctrl-C: nothing half-written stays. Only async-signal-safe calls.
extern "C" void on_signal(int signal_number) {
  if (g_unfinished[0] != 0) {
    // The folder is flat: unlink its files, then itself.
    const int folder = open(g_unfinished, O_RDONLY | O_DIRECTORY);
    for (int i = 0; folder >= 0 && i < g_file_count; ++i) unlinkat(folder, g_files[i], 0);
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
  Result<void> check_replaceable() const;

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
  g_file_count = 0;
  if (made) std::snprintf(g_unfinished, sizeof g_unfinished, "%s", pattern.c_str());
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (!made) return system_error("cannot write beside", folder_);
  aside_ = pattern;
  chmod(pattern.c_str(), 0755);
  return {};
}

Result<FileHashes> FolderWriter::write(const bundle::BundleFile& content, const Blobs& blobs) {
  const fs::path path = aside_ / content.name;
  announce(content.name);
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

/// What an older bundle's manifest names, and itself; nothing where there is none.
std::set<std::string> bundle_files(const fs::path& folder) {
  const auto file = open_file(folder / "model.json");
  if (!file) return {};
  std::string text((*file)->size(), '\0');
  if (!(*file)->read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()})) return {};
  const nlohmann::json manifest = nlohmann::json::parse(text, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("abi") || !manifest.contains("files")) return {};
  std::set<std::string> names = {"model.json"};
  for (const nlohmann::json& one : manifest["files"])
    if (one.is_object() && one.contains("name") && one["name"].is_string()) names.insert(one["name"]);
  return names;
}

/// The folder may have a program, notes or the model itself beside what weft has written: of an older bundle
/// that is what its manifest names, of an object files that are called as those that are written, and its
/// weights.
Result<void> FolderWriter::check_replaceable() const {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::invalid_argument, folder_.string() + " " + why + "; choose another --output");
  };
  if (!fs::is_directory(folder_)) return refuse("is a file");
  std::error_code error;
  std::set<std::string> ours = bundle_files(folder_);
  for (fs::directory_iterator at(aside_, error), end; !error && at != end; at.increment(error)) {
    ours.insert(at->path().filename().string());
    if (at->path().extension() == ".o") ours.insert(at->path().stem().string() + ".weights");
  }
  std::set<std::string> others;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
    if (!ours.contains(at->path().filename().string()) || at->is_directory(error))
      others.insert(at->path().filename().string());
  if (error) return refuse("cannot be read: " + error.message());
  if (!others.empty()) return refuse("holds " + *others.begin() + ", which is not weft's");
  return {};
}

Result<void> FolderWriter::commit() {
  std::error_code error;
  // It is replaced as a whole.
  if (fs::exists(folder_)) {
    WEFT_TRY(check_replaceable());
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
