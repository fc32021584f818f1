// The enumerators' names, in the order of their declarations.
#include "graph/attributes.hpp"

#include "graph/names.hpp"

namespace weft::graph {
namespace {

constexpr std::string_view kReduceKinds[] = {"sum", "mean", "max", "min", "product"};
constexpr std::string_view kScatterKinds[] = {"replace", "sum", "product", "max", "min"};
constexpr std::string_view kPadModes[] = {"constant", "edge", "reflect"};
constexpr std::string_view kResizeModes[] = {"nearest", "linear", "cubic"};
constexpr std::string_view kCoordinateModes[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                                 "asymmetric"};
constexpr std::string_view kNearestModes[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};

static_assert(std::size(kReduceKinds) == static_cast<size_t>(ReduceKind::product) + 1);
static_assert(std::size(kScatterKinds) == static_cast<size_t>(ScatterKind::min) + 1);
static_assert(std::size(kPadModes) == static_cast<size_t>(PadMode::reflect) + 1);
static_assert(std::size(kResizeModes) == static_cast<size_t>(ResizeMode::cubic) + 1);
static_assert(std::size(kCoordinateModes) == static_cast<size_t>(CoordinateMode::asymmetric) + 1);
static_assert(std::size(kNearestModes) == static_cast<size_t>(NearestMode::ceil) + 1);

}  // namespace

std::span<const std::string_view> enumerators(ReduceKind) { return kReduceKinds; }
std::span<const std::string_view> enumerators(ScatterKind) { return kScatterKinds; }
std::span<const std::string_view> enumerators(PadMode) { return kPadModes; }
std::span<const std::string_view> enumerators(ResizeMode) { return kResizeModes; }
std::span<const std::string_view> enumerators(CoordinateMode) { return kCoordinateModes; }
std::span<const std::string_view> enumerators(NearestMode) { return kNearestModes; }

}  // namespace weft::graph
