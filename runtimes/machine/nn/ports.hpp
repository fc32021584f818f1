// Models as the wasi-nn core knows them: what backends over a machine share.
#pragma once

#include <weft.h>

#include <vector>

#include "machine/manifest.hpp"
#include "nn/types.hpp"

namespace weft::machine {

nn::Errno errno_of(weft_status status);

/// What a run that failed is: context_full where a state has grown to its end.
nn::Error run_error(const Error& error);

/// An extent of an output that follows from dimensions is 0 to its greatest.
nn::Port port_of(const Port& port, const std::vector<Dimension>& dimensions);

}  // namespace weft::machine
