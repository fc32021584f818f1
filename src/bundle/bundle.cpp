#include "bundle/bundle.hpp"

namespace weft::bundle {

Result<std::vector<uint8_t>> contents(const BundleFile& file, const Blobs& blobs) {
  std::vector<uint8_t> out;
  out.reserve(size(file));
  for (const Piece& piece : file.pieces) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece)) {
      out.insert(out.end(), bytes->begin(), bytes->end());
      continue;
    }
    WEFT_ASSIGN(range, read_range(blobs, std::get<BlobRange>(piece)));
    out.insert(out.end(), range.begin(), range.end());
  }
  return out;
}

}  // namespace weft::bundle
