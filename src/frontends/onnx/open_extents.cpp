#include "frontends/onnx/open_extents.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace weft::onnx {
namespace {

/// Of leading axes (batches, which multiply all else), and of others.
struct Limits {
  int64_t leading, other;
};
constexpr Limits kLimits[] = {{4096, 4096}, {64, 1024}, {16, 1024}, {4, 1024}, {1, 1024}, {16, 256},
                              {1, 256},     {16, 64},   {1, 64},    {1, 16},   {1, 4},    {1, 1}};

/// "f32[batch, 3, ?, 320]" -> its extents.
std::vector<std::string> extents_of(const std::string& type) {
  std::vector<std::string> extents;
  const size_t open = type.find('['), close = type.rfind(']');
  if (open == std::string::npos || close == std::string::npos) return extents;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(type.find(", ", at), close);
    extents.push_back(type.substr(at, end - at));
    at = end + 2;
  }
  return extents;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool has_name(const std::string& extent) { return !is_number(extent) && extent != "?"; }

/// The one extent of an input that an output of the same type has another of, where that is not the leading
/// one: what a step appends to, a cache of keys say.
std::string grown(const Summary::Port& input, const Summary::Port& output) {
  const std::vector<std::string> before = extents_of(input.type), after = extents_of(output.type);
  if (before.size() != after.size() || before.empty()) return "";
  if (input.type.substr(0, input.type.find('[')) != output.type.substr(0, output.type.find('['))) return "";
  const auto [differs, other] = std::ranges::mismatch(before, after);
  if (differs == before.begin() || differs == before.end() || !has_name(*differs)) return "";
  return std::equal(differs + 1, before.end(), other + 1) ? *differs : "";
}

std::set<std::string> all_grown(const Summary& summary) {
  std::set<std::string> names;
  for (const Summary::Port& input : summary.inputs)
    for (const Summary::Port& output : summary.outputs) names.insert(grown(input, output));
  names.erase("");
  return names;
}

/// Every extent that has a name by its name; an input with one that has none by its shape. Those of `empty`
/// may be 0.
void open_up(const Summary& summary, const Limits& limits, const std::set<std::string>& empty,
             ReadOptions& read) {
  const ExtentRange leading(1, limits.leading, 1), other(1, limits.other, 1);
  // What leads in one input is a batch in all of them.
  for (const Summary::Port& input : summary.inputs) {
    const std::vector<std::string> extents = extents_of(input.type);
    if (!extents.empty() && has_name(extents.front())) read.dims.try_emplace(extents.front(), leading);
  }
  for (const Summary::Port& input : summary.inputs) {
    const std::vector<std::string> extents = extents_of(input.type);
    for (const std::string& extent : extents)
      if (has_name(extent))
        read.dims.try_emplace(extent, empty.contains(extent) ? ExtentRange(0, limits.other, 1) : other);
    if (std::ranges::find(extents, "?") == extents.end()) continue;
    std::vector<ExtentRange>& shape = read.shapes[input.name];
    if (!shape.empty()) continue;
    for (const std::string& extent : extents)
      shape.push_back(is_number(extent) ? ExtentRange(std::stoll(extent))
                                        : (shape.empty() ? leading : other));
  }
}

}  // namespace

std::vector<ReadOptions> open_extents(const Summary& summary, const ReadOptions& read) {
  const std::set<std::string> growing = all_grown(summary), none;
  std::vector<ReadOptions> all;
  for (const Limits& limits : kLimits)
    for (const std::set<std::string>* empty : {&growing, &none}) {
      if (empty == &growing && growing.empty()) continue;
      all.push_back(read);
      open_up(summary, limits, *empty, all.back());
    }
  return all;
}

bool may_fit_smaller(const Error& error, const Summary& summary) {
  return error.kind != ErrorKind::invalid_model && summary.unsupported.empty();
}

Result<Import> read_open(const Blobs& blobs, const ReadOptions& read) {
  Result<Import> imported = read_onnx(blobs, read);
  if (imported || imported.error().kind != ErrorKind::invalid_argument) return imported;
  const Result<Summary> summary = summarize_onnx(blobs, read);
  if (!summary) return imported;
  for (const ReadOptions& options : open_extents(*summary, read)) {
    imported = read_onnx(blobs, options);
    if (imported || !may_fit_smaller(imported.error(), *summary)) break;
  }
  return imported;
}

}  // namespace weft::onnx
