// What every WebGPU device can do: the default limits of the specification, which no feature has to be asked
// for.
#pragma once

#include <cstdint>

namespace weft::wgsl {

inline constexpr int64_t kMaxInvocations = 256;       ///< of a workgroup
inline constexpr int64_t kMaxWorkgroupBytes = 16384;  ///< of workgroup memory
inline constexpr int64_t kMaxGroups = 65535;          ///< of a dispatch, per dimension

}  // namespace weft::wgsl
