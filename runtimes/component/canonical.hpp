// How the canonical ABI of the component model passes values to and from a core module (its
// CanonicalABI.md), as far as wasi:nn needs it. Pointers are 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace weft::component {

#define WEFT_NN_INTERFACE(name) "wasi:nn/" name "@0.2.0-rc-2024-10-28"
/// Exports: "wasi:nn/tensor@…#[method]tensor.ty".
#define WEFT_NN_EXPORT(interface, function) \
  extern "C" __attribute__((export_name(WEFT_NN_INTERFACE(interface) "#" function)))
/// What the component makes of its own resources: new, rep and drop of their handles.
#define WEFT_NN_RESOURCE(interface, function) \
  extern "C" __attribute__((import_module("[export]" WEFT_NN_INTERFACE(interface)), import_name(function)))

/// A list or a string.
template <class T>
struct List {
  T* data = nullptr;
  uint32_t size = 0;

  std::span<T> span() const { return {data, size}; }
};
using String = List<const char>;

/// A list that was passed as an argument: its memory, which came from cabi_realloc, is the callee's.
template <class T>
class Argument {
 public:
  explicit Argument(List<T> list) : list_(list) {}
  Argument(T* data, uint32_t size) : list_{data, size} {}
  Argument(const Argument&) = delete;
  Argument& operator=(const Argument&) = delete;
  ~Argument() {
    if (list_.size > 0) std::free(const_cast<void*>(static_cast<const void*>(list_.data)));
  }
  std::span<T> span() const { return list_.span(); }

 private:
  List<T> list_;
};

/// result<own, own>.
struct Made {
  uint8_t failed = 0;
  uint32_t handle = 0;
};

/// tuple<string, own<tensor>>.
struct NamedTensor {
  String name;
  uint32_t tensor = 0;
};

/// result<list<named-tensor>, own<error>>.
struct Computed {
  uint8_t failed = 0;
  List<NamedTensor> outputs;  ///< or, in the place of the pointer, the error's handle
};

static_assert(sizeof(Made) == 8);
#if defined(__wasm32__)
static_assert(sizeof(String) == 8 && sizeof(NamedTensor) == 12 && sizeof(Computed) == 12);
#endif

}  // namespace weft::component
