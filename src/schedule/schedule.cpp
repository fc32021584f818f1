#include "schedule/schedule.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace weft::schedule {
namespace {

constexpr std::array<std::string_view, 5> kTails = {"exact", "peel", "guard", "overlap", "pad"};
constexpr std::array<std::string_view, 8> kKinds = {"split",     "fuse",   "reorder", "unroll",
                                                    "vectorize", "blocks", "threads", "stage"};

template <size_t N>
std::optional<size_t> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == name) return i;
  return std::nullopt;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> result;
  for (size_t i = 0; i < line.size();) {
    const size_t start = line.find_first_not_of(" \t\r", i);
    if (start == std::string_view::npos) break;
    const size_t end = std::min(line.find_first_of(" \t\r", start), line.size());
    result.emplace_back(line.substr(start, end - start));
    i = end;
  }
  return result;
}

std::unexpected<Error> bad(std::string_view line) {
  return fail(ErrorKind::invalid_argument, "not a schedule step: " + std::string(line));
}

Result<Step> parse_split(const std::vector<std::string>& w, std::string_view line) {
  if (w.size() != 8 || w[2] != "by" || w[5] != "into") return bad(line);
  Step step{.kind = StepKind::split, .axes = {w[1]}, .results = {w[6], w[7]}};
  const auto [end, error] = std::from_chars(w[3].data(), w[3].data() + w[3].size(), step.factor);
  const auto tail = find(kTails, w[4]);
  if (error != std::errc{} || end != w[3].data() + w[3].size() || step.factor < 1 || !tail) return bad(line);
  step.tail = static_cast<Tail>(*tail);
  return step;
}

Result<Step> parse_step(std::string_view line) {
  const auto w = words(line);
  const auto kind = find(kKinds, w[0]);
  if (!kind) return bad(line);
  Step step{.kind = static_cast<StepKind>(*kind)};
  if (step.kind == StepKind::split) return parse_split(w, line);
  if (step.kind == StepKind::fuse) {
    if (w.size() != 5 || w[3] != "into") return bad(line);
    return fuse(w[1], w[2], w[4]);
  }
  if (step.kind == StepKind::stage) {
    if (w.size() != 4 || w[2] != "at") return bad(line);
    return stage(w[1], w[3]);
  }
  step.axes.assign(w.begin() + 1, w.end());
  if (step.axes.empty() || (step.kind != StepKind::reorder && step.axes.size() != 1)) return bad(line);
  return step;
}

std::string print_step(const Step& step) {
  std::string text(kKinds[static_cast<size_t>(step.kind)]);
  if (step.kind == StepKind::stage) text += " " + step.tensor + " at";
  for (const std::string& axis : step.axes) text += " " + axis;
  if (step.kind == StepKind::split)
    text += " by " + std::to_string(step.factor) + " " + std::string(kTails[static_cast<size_t>(step.tail)]);
  if (!step.results.empty()) text += " into";
  for (const std::string& axis : step.results) text += " " + axis;
  return text;
}

}  // namespace

Step split(std::string axis, int64_t factor, Tail tail) {
  return {.kind = StepKind::split,
          .axes = {axis},
          .results = {axis + ".o", axis + ".i"},
          .factor = factor,
          .tail = tail};
}
Step fuse(std::string a, std::string b, std::string result) {
  return {.kind = StepKind::fuse, .axes = {std::move(a), std::move(b)}, .results = {std::move(result)}};
}
Step reorder(std::vector<std::string> axes) { return {.kind = StepKind::reorder, .axes = std::move(axes)}; }
Step unroll(std::string axis) { return {.kind = StepKind::unroll, .axes = {std::move(axis)}}; }
Step vectorize(std::string axis) { return {.kind = StepKind::vectorize, .axes = {std::move(axis)}}; }
Step blocks(std::string axis) { return {.kind = StepKind::blocks, .axes = {std::move(axis)}}; }
Step threads(std::string axis) { return {.kind = StepKind::threads, .axes = {std::move(axis)}}; }
Step stage(std::string tensor, std::string axis) {
  return {.kind = StepKind::stage, .axes = {std::move(axis)}, .tensor = std::move(tensor)};
}

std::string print(const Schedule& schedule) {
  std::string text;
  for (const Step& step : schedule.steps) text += print_step(step) + "\n";
  return text;
}

Result<Schedule> parse(std::string_view text) {
  Schedule schedule;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(";\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words(line).empty()) continue;
    WEFT_ASSIGN(step, parse_step(line));
    schedule.steps.push_back(std::move(step));
  }
  return schedule;
}

}  // namespace weft::schedule
