#include "nn/registry.hpp"

#include <fmt/format.h>

#include <utility>

#include "nn/text.hpp"

namespace weft::nn {

bool Registry::add(std::string name, Loader loader) {
  return entries_.try_emplace(std::move(name), Entry{std::move(loader), nullptr}).second;
}

bool Registry::add(std::string name, std::shared_ptr<Model> model) {
  return entries_.try_emplace(std::move(name), Entry{{}, std::move(model)}).second;
}

Outcome<std::shared_ptr<Model>> Registry::find(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return refuse(Errno::not_found, fmt::format("no model is registered as {}", shown(name)));
  }
  Entry& entry = found->second;
  if (entry.loader) {
    const Loader loader = std::exchange(entry.loader, {});
    // What a loader sees that asks for its own name.
    entry.model = refuse(Errno::busy, fmt::format("model {} is being loaded", shown(name)));
    entry.model = loader();
    if (entry.model && !*entry.model) {
      entry.model = refuse(Errno::runtime_error, fmt::format("model {} could not be loaded", shown(name)));
    }
  }
  return entry.model;
}

}  // namespace weft::nn
