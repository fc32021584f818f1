#include "plan/lifetimes.hpp"

#include <algorithm>

namespace weft::plan {
namespace {

std::vector<Use> call_uses(const Program& program, const Call& call) {
  std::vector<Use> out;
  size_t argument = 0;
  for (const loops::Buffer& parameter : program.kernels[call.kernel].buffers) {
    const loops::BufferSpace space = parameter.space;
    if (!loops::is_parameter(space)) continue;
    if (argument == call.buffers.size()) break;
    const bool both = space == loops::BufferSpace::read_write;
    out.push_back({call.buffers[argument++], both || space == loops::BufferSpace::read,
                   both || space == loops::BufferSpace::write});
  }
  return out;
}

void extend(Lifetime& lifetime, uint64_t first, uint64_t last) {
  if (lifetime.empty()) {
    lifetime.first = first;
    lifetime.last = last;
    return;
  }
  lifetime.first = std::min(lifetime.first, first);
  lifetime.last = std::max(lifetime.last, last);
}

bool lives_on(BufferKind kind) {
  return kind == BufferKind::weights || kind == BufferKind::prepared || kind == BufferKind::state;
}
bool is_boundary(BufferKind kind) { return kind == BufferKind::input || kind == BufferKind::output; }

}  // namespace

std::vector<Use> uses(const Program& program, const Statement& statement) {
  if (const auto* call = std::get_if<Call>(&statement)) return call_uses(program, *call);
  if (const auto* load = std::get_if<Load>(&statement)) return {{load->buffer, false, true}};
  if (const auto* fill = std::get_if<Fill>(&statement)) return {{fill->buffer, false, true}};
  if (const auto* define = std::get_if<Define>(&statement)) return {{define->buffer, true, false}};
  if (const auto* check = std::get_if<Check>(&statement)) return {{check->buffer, true, false}};
  if (const auto* node = std::get_if<If>(&statement)) return {{node->condition, true, false}};
  if (std::holds_alternative<End>(statement)) return {};
  if (const auto* loop = std::get_if<Loop>(&statement)) {
    if (!loop->condition) return {};
    return {{*loop->condition, true, false}};
  }
  if (const auto* custom = std::get_if<Custom>(&statement)) {
    std::vector<Use> all;
    for (const Operand& input : custom->inputs) all.push_back({input.buffer, true, false});
    all.push_back({custom->output.buffer, false, true});
    return all;
  }
  const Copy& copy = std::get<Copy>(statement);
  return {{copy.destination, false, true}, {copy.source, true, false}};
}

std::vector<bool> loaded_by_statements(const Program& program) {
  std::vector<bool> loaded(program.buffers.size());
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (const auto* load = std::get_if<Load>(&statement)) loaded[load->buffer] = true;
  return loaded;
}

namespace {

/// Extends the lifetimes of what crosses the way back of a loop: what an iteration reads before it writes it,
/// and what is used outside. `start` is the time of the entry's start.
void extend_over_loops(const Program& program, const Entry& entry, uint64_t start,
                       std::vector<Lifetime>& lives) {
  const auto ends = matching(entry.statements);
  if (!ends) return;                   // verify says so
  std::vector<Lifetime> used = lives;  // without what other loops add
  for (size_t i = 0; i < entry.statements.size(); ++i) {
    const auto* loop = std::get_if<Loop>(&entry.statements[i]);
    if (loop == nullptr) continue;
    const uint64_t first = start + 1 + i, last = start + 1 + (*ends)[i];
    if (loop->condition) extend(lives[*loop->condition], first, last);
    std::vector<bool> seen(program.buffers.size());
    for (size_t k = i + 1; k < (*ends)[i]; ++k) {
      const std::vector<Use> all = uses(program, entry.statements[k]);
      for (const Use& use : all) {
        const Lifetime& own = used[use.buffer];
        const bool outside = own.first <= first || own.last >= last;
        if (outside || (use.reads && !seen[use.buffer])) extend(lives[use.buffer], first, last);
      }
      for (const Use& use : all) seen[use.buffer] = true;
    }
  }
}

}  // namespace

Lifetimes lifetimes(const Program& program) {
  Lifetimes out;
  out.buffers.resize(program.buffers.size());
  // What no statement loads is in memory before anything runs.
  const std::vector<bool> loaded = loaded_by_statements(program);
  for (size_t i = 0; i < program.buffers.size(); ++i)
    if (program.buffers[i].kind == BufferKind::weights && !loaded[i]) extend(out.buffers[i], 0, 0);
  uint64_t time = 0;
  for (const Entry& entry : program.entries) {
    const bool once = entry.name == kPrepare;
    const uint64_t start = ++time;
    for (const Statement& statement : entry.statements) {
      ++time;
      for (const Use& use : uses(program, statement)) {
        extend(out.buffers[use.buffer], time, time);
        if (!once && lives_on(program.buffers[use.buffer].kind)) out.buffers[use.buffer].for_ever = true;
      }
    }
    extend_over_loops(program, entry, start, out.buffers);
    ++time;
    if (once) continue;
    for (size_t i = 0; i < program.buffers.size(); ++i)
      if (is_boundary(program.buffers[i].kind)) extend(out.buffers[i], start, time);
  }
  out.end = time;
  for (Lifetime& lifetime : out.buffers)
    if (lifetime.for_ever) extend(lifetime, 0, time);
  return out;
}

}  // namespace weft::plan
