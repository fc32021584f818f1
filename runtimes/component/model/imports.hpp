// What the modules beside this one give to it (src/componentize/model.cpp makes them): the model's code, its
// memory, and what is known of it. Memories of two modules meet only by values: that is the same on every
// engine, and costs a call for 8 or 32 bytes.
#pragma once

#include <cstdint>

namespace weft::component {

#define WEFT_IMPORT(module, name) extern "C" __attribute__((import_module(module), import_name(name)))

WEFT_IMPORT("model", "step") int32_t model_step(uint32_t context, int32_t budget);

WEFT_IMPORT("memory", "pages") uint32_t memory_pages();
/// By so many; false where there are none.
WEFT_IMPORT("memory", "grow") int32_t memory_grow(uint32_t pages);
/// Bytes of the weights, from an offset to an address.
WEFT_IMPORT("memory", "load") void memory_load(uint32_t address, uint32_t offset, uint32_t bytes);
/// The weights are not needed any more.
WEFT_IMPORT("memory", "drop") void memory_drop();
WEFT_IMPORT("memory", "get1") uint32_t memory_get1(uint32_t address);
WEFT_IMPORT("memory", "get8") uint64_t memory_get8(uint32_t address);
WEFT_IMPORT("memory", "put1") void memory_put1(uint32_t address, uint32_t byte);
WEFT_IMPORT("memory", "put8") void memory_put8(uint32_t address, uint64_t a);
WEFT_IMPORT("memory", "put32")
void memory_put32(uint32_t address, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/// The manifest, with `source`: the model's file as { bytes, sha256 }.
WEFT_IMPORT("facts", "size") uint32_t facts_size();
WEFT_IMPORT("facts", "get1") uint32_t facts_get1(uint32_t at);

}  // namespace weft::component
