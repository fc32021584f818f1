// Two small core modules that break a circle: a resource names its destructor when it is defined, the module
// that has the destructor imports functions of the resource.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::componentize {

/// By which the shim exports a destructor, and the fixup imports it.
std::string destructor_name(size_t number);

/// Exports a function (i32) for each of `count` destructors, which calls what `table`, exported too, has in
/// its place.
std::vector<uint8_t> destructor_shim(size_t count);

/// Puts what it imports from "destructors" into "shim"."table", and then calls "host"."_initialize".
std::vector<uint8_t> destructor_fixup(size_t count);

}  // namespace weft::componentize
