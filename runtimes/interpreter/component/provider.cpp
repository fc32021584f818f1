// The component that takes any ONNX bytes: the exports of wasi:nn on the interpreter. It has no names, since
// nobody can register one.
#include "component/provider.hpp"

#include "interpreter/backend.hpp"

namespace weft::component {

nn::Backend& backend() {
  static interpreter::Backend backend;
  return backend;
}

nn::Registry& registry() {
  static nn::Registry names;
  return names;
}

}  // namespace weft::component
