#include "base/source.hpp"

#include <algorithm>
#include <limits>

namespace weft {

Result<void> MemorySource::read(uint64_t offset, std::span<uint8_t> out) const {
  if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
    return fail(ErrorKind::invalid_model, "the data ends before what it announces");
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return {};
}

Result<std::vector<uint8_t>> read_range(const Blobs& blobs, const BlobRange& range) {
  if (range.blob >= blobs.size())
    return fail(ErrorKind::not_found, "a constant names a data file that was not given");
  const Source& source = *blobs[range.blob];
  if (range.offset > source.size() || range.bytes > source.size() - range.offset)
    return fail(ErrorKind::invalid_model, "a constant lies beyond the end of its data");
  if (range.bytes > std::numeric_limits<size_t>::max())
    return fail(ErrorKind::limit, "a constant is too large to read");
  std::vector<uint8_t> bytes(static_cast<size_t>(range.bytes));
  WEFT_TRY(source.read(range.offset, bytes));
  return bytes;
}

}  // namespace weft
