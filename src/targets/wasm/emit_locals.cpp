// Virtual locals to locals: live ranges over structured code, then a linear scan. Engines keep every wasm
// local apart in their baseline tiers, so fewer locals mean smaller frames and smaller modules.
#include <algorithm>

#include "base/check.hpp"
#include "targets/wasm/emit_code.hpp"

namespace weft::wasm {
namespace {

struct Range {
  size_t first = SIZE_MAX, last = 0;
  bool read_first = false;
};
struct Loop {
  size_t first, last;
};

// Inner loops come before the loops around them.
std::vector<Loop> find_loops(const std::vector<Op>& ops) {
  std::vector<Loop> loops;
  std::vector<std::pair<size_t, bool>> open;
  for (size_t i = 0; i < ops.size(); ++i) {
    const OpKind kind = ops[i].kind;
    if (kind == OpKind::begin_block || kind == OpKind::begin_if || kind == OpKind::begin_loop) {
      open.push_back({i, kind == OpKind::begin_loop});
    } else if (kind == OpKind::end) {
      if (open.back().second) loops.push_back({open.back().first, i});
      open.pop_back();
    }
  }
  return loops;
}

std::vector<Range> find_ranges(const std::vector<Op>& ops, const std::vector<LocalInfo>& locals) {
  std::vector<Range> ranges(locals.size());
  for (size_t i = 0; i < ops.size(); ++i) {
    const OpKind kind = ops[i].kind;
    if (kind != OpKind::get && kind != OpKind::set && kind != OpKind::tee) continue;
    Range& range = ranges[ops[i].local];
    if (range.first == SIZE_MAX) {
      range.first = i;
      range.read_first = kind == OpKind::get;
    }
    range.last = i;
  }
  for (const Loop& loop : find_loops(ops))
    for (Range& range : ranges)
      if (range.first < loop.first && range.last >= loop.first && range.last < loop.last)
        range.last = loop.last;
  return ranges;
}

}  // namespace

std::vector<uint32_t> share_locals(const std::vector<Op>& ops, const std::vector<LocalInfo>& locals,
                                   uint32_t params) {
  std::vector<Range> ranges = find_ranges(ops, locals);
  std::vector<uint32_t> order;
  std::vector<uint32_t> result(locals.size(), UINT32_MAX);
  for (uint32_t i = 0; i < locals.size(); ++i) {
    Range& range = ranges[i];
    if (i < params) {
      result[i] = i;
    } else if (range.first != SIZE_MAX) {
      if (locals[i].whole || range.read_first) range = {0, ops.size(), false};
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return ranges[a].first != ranges[b].first ? ranges[a].first < ranges[b].first : a < b;
  });
  struct Slot {
    ValType type;
    size_t last;
  };
  std::vector<Slot> slots;
  for (const uint32_t i : order) {
    size_t slot = 0;
    while (slot < slots.size() && (slots[slot].type != locals[i].type || slots[slot].last >= ranges[i].first))
      ++slot;
    if (slot == slots.size()) slots.push_back({locals[i].type, 0});
    slots[slot].last = ranges[i].last;
    result[i] = params + static_cast<uint32_t>(slot);
  }
  return result;
}

}  // namespace weft::wasm
