// Addresses for all buffers. Choosing offsets for intervals of given sizes is NP-hard (dynamic storage
// allocation); placing by size into the tightest gap comes within a few percent on networks (Pisarchyk and
// Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). Which order serves a network best
// differs, so a few are tried.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "plan/lifetimes.hpp"
#include "plan/moves.hpp"

namespace weft::plan {
namespace {

constexpr uint64_t kAddressSpace = uint64_t{1} << 32;

uint64_t align(uint64_t value) { return (value + kAlignment - 1) / kAlignment * kAlignment; }

struct Item {
  BufferId id = 0;
  uint64_t size = 0;  ///< aligned
  Lifetime lifetime;
  uint64_t address = 0;  ///< from the arena's start
};

using Before = bool (*)(const Item&, const Item&);

bool by_size(const Item& a, const Item& b) {
  if (a.size != b.size) return a.size > b.size;
  if (a.lifetime.first != b.lifetime.first) return a.lifetime.first < b.lifetime.first;
  return a.id < b.id;
}

bool by_area(const Item& a, const Item& b) {
  const uint64_t area_a = a.size * (a.lifetime.last - a.lifetime.first + 1);
  const uint64_t area_b = b.size * (b.lifetime.last - b.lifetime.first + 1);
  return area_a != area_b ? area_a > area_b : by_size(a, b);
}

bool by_duration(const Item& a, const Item& b) {
  const uint64_t length_a = a.lifetime.last - a.lifetime.first;
  const uint64_t length_b = b.lifetime.last - b.lifetime.first;
  return length_a != length_b ? length_a > length_b : by_size(a, b);
}

bool by_time(const Item& a, const Item& b) {
  return a.lifetime.first != b.lifetime.first ? a.lifetime.first < b.lifetime.first : by_size(a, b);
}

constexpr std::array<Before, 4> kOrders = {by_size, by_area, by_duration, by_time};

/// The lowest address of the smallest gap between live neighbours that holds the item, else the end of them
/// all. `placed` is sorted by address.
uint64_t best_fit(const std::vector<Item>& placed, const Item& item) {
  uint64_t end = 0, best = 0, best_gap = UINT64_MAX;
  for (const Item& other : placed) {
    if (!other.lifetime.overlaps(item.lifetime)) continue;
    if (other.address >= end + item.size && other.address - end < best_gap) {
      best = end;
      best_gap = other.address - end;
    }
    end = std::max(end, other.address + other.size);
  }
  return best_gap == UINT64_MAX ? end : best;
}

bool by_address(const Item& a, const Item& b) {
  return a.address != b.address ? a.address < b.address : a.id < b.id;
}

struct Arena {
  std::vector<Item> items;
  uint64_t extent = 0;
};

Arena place_in_order(std::vector<Item> items, Before before) {
  std::sort(items.begin(), items.end(), before);
  Arena arena;
  for (Item& item : items) {
    item.address = best_fit(arena.items, item);
    arena.extent = std::max(arena.extent, item.address + item.size);
    arena.items.insert(std::upper_bound(arena.items.begin(), arena.items.end(), item, by_address), item);
  }
  return arena;
}

/// The largest sum of live bytes over time.
uint64_t peak(const Program& program, const std::vector<Item>& items, uint64_t end, bool aligned) {
  std::vector<uint64_t> grows(end + 2, 0), shrinks(end + 2, 0);
  for (const Item& item : items) {
    const uint64_t bytes = aligned ? item.size : memory_bytes(program.buffers[item.id]);
    grows[item.lifetime.first] += bytes;
    shrinks[item.lifetime.last + 1] += bytes;
  }
  uint64_t live = 0, largest = 0;
  for (uint64_t time = 0; time <= end; ++time) {
    live += grows[time];
    live -= shrinks[time];
    largest = std::max(largest, live);
  }
  return largest;
}

Arena place_arena(const std::vector<Item>& items, uint64_t lower_bound) {
  Arena best;
  best.extent = UINT64_MAX;
  for (const Before order : kOrders) {
    Arena arena = place_in_order(items, order);
    if (arena.extent < best.extent) best = std::move(arena);
    if (best.extent == lower_bound) break;
  }
  return best;
}

Result<void> check_size(const Buffer& buffer) {
  if (buffer.bytes <= kAddressSpace) return {};
  return fail(ErrorKind::limit,
              fmt::format("a tensor of {} bytes does not fit a 32-bit memory", buffer.bytes), buffer.name);
}

void place(Buffer& buffer, uint64_t address) {
  buffer.address = address;
  buffer.placed = true;
}

}  // namespace

Result<MemoryPlan> place_buffers(Program& program, uint64_t static_end) {
  const Lifetimes lives = lifetimes(program);
  MemoryPlan plan;
  plan.static_end = align(static_end);
  uint64_t end = plan.static_end;
  std::vector<Item> items;
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    Buffer& buffer = program.buffers[id];
    WEFT_TRY(check_size(buffer));
    if (!lives.buffers[id].for_ever) {
      items.push_back({id, align(memory_bytes(buffer)), lives.buffers[id], 0});
      continue;
    }
    place(buffer, end);
    end += align(memory_bytes(buffer));
  }
  plan.weights_bytes = end - plan.static_end;
  // What nothing uses needs an address, but no room.
  for (const Item& item : items)
    if (item.lifetime.empty()) place(program.buffers[item.id], end);
  std::erase_if(items, [](const Item& item) { return item.lifetime.empty(); });
  plan.peak_live_bytes = peak(program, items, lives.end, false);
  const Arena arena = place_arena(items, peak(program, items, lives.end, true));
  for (const Item& item : arena.items) place(program.buffers[item.id], end + item.address);
  plan.arena_bytes = arena.extent;
  plan.total_bytes = end + arena.extent;
  // Slack is read, never written: it may lie in a neighbour, but must lie in memory.
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    const Buffer& buffer = program.buffers[id];
    if (!lives.buffers[id].empty())
      plan.total_bytes = std::max(plan.total_bytes, buffer.address + memory_bytes(buffer) + buffer.slack);
  }
  if (plan.total_bytes > kAddressSpace)
    return fail(
        ErrorKind::limit,
        fmt::format("the model needs {} bytes of memory; a 32-bit memory has 4294967296", plan.total_bytes));
  const Moves moves = moves_of(program);
  plan.fixed_bytes = std::max(plan.static_end, moves.fixed_bytes);
  if (!moves.growing.empty()) plan.total_bytes = align(plan.total_bytes);  // as the program computes it
  return plan;
}

}  // namespace weft::plan
