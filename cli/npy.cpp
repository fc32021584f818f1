// numpy's files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "cli/tensors.hpp"

namespace weft::cli {
namespace {

using graph::Ints;
using graph::Tensor;

/// numpy's name of a type; bfloat16, which numpy lacks, travels as its bits.
std::string npy_type(DType dtype) {
  if (dtype == DType::boolean) return "b1";
  const char kind = dtype == DType::bf16 ? 'u' : is_float(dtype) ? 'f' : is_signed(dtype) ? 'i' : 'u';
  return fmt::format("{}{}", kind, byte_size(dtype));
}

struct Header {
  std::string type;
  Ints shape;
  size_t start = 0;  ///< of the data
};

/// What stands behind `'key':` up to `end`, without blanks in front.
std::optional<std::string_view> field(std::string_view header, std::string_view key, char end) {
  const size_t found = header.find(fmt::format("'{}':", key));
  if (found == std::string_view::npos) return std::nullopt;
  const size_t begin = header.find_first_not_of(" \t\n", found + key.size() + 3);
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t last = header.find(end, begin + 1);
  if (last == std::string_view::npos) return std::nullopt;
  return header.substr(begin, last - begin);
}

std::optional<Ints> parse_shape(std::string_view text) {
  Ints shape;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string_view part = text.substr(at, comma - at);
    at = comma + 1;
    const size_t first = part.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    part = part.substr(first, part.find_last_not_of(' ') + 1 - first);
    uint32_t extent = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), extent);
    if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    shape.push_back(extent);
  }
  return shape;
}

Result<Header> read_header(std::span<const uint8_t> bytes, const std::string& where) {
  const auto bad = [&](const std::string& why) {
    return fail(ErrorKind::invalid_argument, where + " is no .npy file that weft reads: " + why);
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (bytes.size() < 10 || !text.starts_with("\x93NUMPY")) return bad("it does not begin with \\x93NUMPY");
  const bool wide = bytes[6] >= 2;
  if (wide && bytes.size() < 12) return bad("its header is cut off");
  Header header;
  header.start = wide ? 12 : 10;
  uint64_t length = 0;
  for (size_t i = 8; i < header.start; ++i) length |= uint64_t{bytes[i]} << (8 * (i - 8));
  if (length > bytes.size() - header.start) return bad("its header is damaged");
  const std::string_view said = text.substr(header.start, length);
  header.start += length;
  std::optional<std::string_view> type = field(said, "descr", ',');
  const auto order = field(said, "fortran_order", ','), shape = field(said, "shape", ')');
  const bool is_quoted = type && type->size() > 2 && type->front() == '\'' && type->back() == '\'';
  if (!is_quoted || (order != "True" && order != "False") || !shape || !shape->starts_with('('))
    return bad("its header is damaged");
  const auto extents = parse_shape(shape->substr(1));
  if (!extents) return bad("its header is damaged");
  if (order == "True") return bad("it is in Fortran order (numpy.ascontiguousarray makes it C order)");
  *type = type->substr(1, type->size() - 2);
  if (type->front() == '>') return bad("it is big-endian");
  if (std::string_view("<|=").find(type->front()) != std::string_view::npos) type->remove_prefix(1);
  header.type = *type;
  header.shape = *extents;
  return header;
}

}  // namespace

Result<Tensor> read_npy(const TensorPort& port, const std::string& file, std::span<const uint8_t> bytes) {
  const std::string where = fmt::format("input \"{}\": {}", port.name, file);
  const auto wrong = [&](const std::string& why) { return fail(ErrorKind::invalid_argument, where + why); };
  WEFT_ASSIGN(header, read_header(bytes, where));
  const std::string type = npy_type(port.dtype);
  if (header.type != type && !(port.dtype == DType::boolean && header.type == "u1"))
    return wrong(
        fmt::format(" holds numpy {}, the model wants {}, numpy {}", header.type, shown(port), type));
  const bool is_open = port.is_open && header.shape.size() == port.shape.size();
  if (!is_open && header.shape != port.shape)
    return wrong(
        fmt::format(" has the shape [{}], the model wants {}", fmt::join(header.shape, ", "), shown(port)));
  const uint64_t count = element_count(header.shape), left = bytes.size() - header.start;
  if (count > left / byte_size(port.dtype))
    return wrong(fmt::format(" ends after {} bytes of {} elements", left, count));
  const auto data = bytes.subspan(header.start, count * byte_size(port.dtype));
  return Tensor{port.dtype, header.shape, {data.begin(), data.end()}};
}

std::string npy_file(const Tensor& tensor) {
  std::string shape;
  for (const int64_t extent : tensor.shape) shape += fmt::format("{}{},", shape.empty() ? "" : " ", extent);
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                   byte_size(tensor.dtype) > 1 ? '<' : '|', npy_type(tensor.dtype), shape);
  constexpr size_t kAlignment = 64, kBefore = 10;
  const size_t whole = (kBefore + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(whole - kBefore - 1, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  return file.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
}

std::vector<std::string> npy_names(std::span<const TensorPort> ports) {
  const auto is_kept = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  const auto lower = [](std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
  };
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const TensorPort& port : ports) {
    std::string base;
    for (const char c : port.name) {
      const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // of a character of UTF-8
      if (is_kept(c)) base += c;
      else if (!continues) base += (static_cast<unsigned char>(c) >= 0xf0 ? "__" : "_");  // as UTF-16 counts
    }
    if (const size_t dots = base.find_first_not_of('.'); base.starts_with('.'))
      base = "_" + (dots == std::string::npos ? "" : base.substr(dots));
    if (base.empty()) base = "output";
    std::string file = base + ".npy";
    for (int i = 2; !taken.insert(lower(file)).second; ++i) file = fmt::format("{}.{}.npy", base, i);
    names.push_back(file);
  }
  return names;
}

}  // namespace weft::cli
