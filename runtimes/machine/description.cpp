#include "machine/description.hpp"

#include <algorithm>

namespace weft::machine {
namespace {

/// Fastest first.
constexpr std::string_view kVariants[] = {"relaxed", "simd128", "scalar"};

}  // namespace

Description::Description(Manifest manifest, size_t variant)
    : manifest_(std::move(manifest)), variant_(&manifest_.variants[variant]) {
  for (size_t i = 0; i < manifest_.inputs.size(); ++i) {
    const Port& port = manifest_.inputs[i];
    if (port.name == kResetInput && port.dtype == DType::boolean) reset_input_ = i;
    else inputs_.push_back({&port, i});
  }
  for (size_t i = 0; i < manifest_.outputs.size(); ++i) outputs_.push_back({&manifest_.outputs[i], i});
}

Outcome<size_t> choose_variant(const Manifest& manifest, std::string_view wanted, const std::string& where) {
  const auto find = [&](std::string_view name) {
    return static_cast<size_t>(std::ranges::find(manifest.variants, name, &Variant::name) -
                               manifest.variants.begin());
  };
  std::string has;
  for (const Variant& variant : manifest.variants) has += (has.empty() ? "" : ", ") + variant.name;
  if (!wanted.empty()) {
    const size_t index = find(wanted);
    if (index < manifest.variants.size()) return index;
    return refuse(WEFT_INVALID_ARGUMENT,
                  where + " has no variant " + std::string(wanted) + "; it has " + has);
  }
  for (const std::string_view name : kVariants)
    if (const size_t index = find(name); index < manifest.variants.size()) return index;
  return refuse(WEFT_UNSUPPORTED, where + " has only the variants " + has);
}

}  // namespace weft::machine
