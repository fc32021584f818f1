// Errors of the native runtime are those of the machine.
#pragma once

#include "machine/status.hpp"

namespace weft::native {

using machine::Error;
using machine::Outcome;
using machine::refuse;

#define WEFT_NATIVE_TRY WEFT_MACHINE_TRY
#define WEFT_NATIVE_ASSIGN WEFT_MACHINE_ASSIGN

}  // namespace weft::native
