// weft.hpp: weft.h for C++17 and later, with owners and exceptions.
//
//   weft::Model model("app/model");
//   weft::Instance instance(model);
//   instance.set_input("image", pixels.data(), pixels.size(), {1, 3, 224, 224});
//   instance.run();
//   auto scores = instance.output("scores");        // scores.as<float>(), scores.size<float>(),
//   scores.shape()
#pragma once

#include <weft.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {

/// What weft_last_error said.
class RuntimeError : public std::runtime_error {
 public:
  explicit RuntimeError(const weft_error& error)
      : std::runtime_error(error.message),
        status(error.status),
        node(error.node),
        value(error.value),
        least(error.least),
        greatest(error.greatest) {}
  weft_status status;
  std::string node;
  std::int64_t value;
  std::int32_t least, greatest;
};

namespace detail {
inline void check(weft_status status) {
  if (status != WEFT_OK) throw RuntimeError(*weft_last_error());
}
template <class T>
constexpr weft_dtype dtype_of();
template <>
constexpr weft_dtype dtype_of<double>() {
  return WEFT_F64;
}
template <>
constexpr weft_dtype dtype_of<float>() {
  return WEFT_F32;
}
template <>
constexpr weft_dtype dtype_of<std::int64_t>() {
  return WEFT_I64;
}
template <>
constexpr weft_dtype dtype_of<std::int32_t>() {
  return WEFT_I32;
}
template <>
constexpr weft_dtype dtype_of<std::int16_t>() {
  return WEFT_I16;
}
template <>
constexpr weft_dtype dtype_of<std::int8_t>() {
  return WEFT_I8;
}
template <>
constexpr weft_dtype dtype_of<std::uint64_t>() {
  return WEFT_U64;
}
template <>
constexpr weft_dtype dtype_of<std::uint32_t>() {
  return WEFT_U32;
}
template <>
constexpr weft_dtype dtype_of<std::uint16_t>() {
  return WEFT_U16;
}  // float16 and bfloat16 too
template <>
constexpr weft_dtype dtype_of<std::uint8_t>() {
  return WEFT_U8;
}  // booleans too

inline bool holds(weft_dtype own, weft_dtype asked) {
  if (own == WEFT_F16 || own == WEFT_BF16) return asked == WEFT_U16;
  return own == asked || (own == WEFT_BOOLEAN && asked == WEFT_U8);
}
}  // namespace detail

/// In the model's memory: valid until the next call with the instance.
class Tensor {
 public:
  explicit Tensor(const weft_tensor& tensor) : tensor_(tensor) {}
  weft_dtype dtype() const { return tensor_.dtype; }
  std::vector<std::uint32_t> shape() const { return {tensor_.shape, tensor_.shape + tensor_.rank}; }
  const void* data() const { return tensor_.data; }
  std::size_t bytes() const { return tensor_.bytes; }
  template <class T>
  const T* as() const {
    if (!detail::holds(tensor_.dtype, detail::dtype_of<T>()))
      throw std::logic_error("the tensor has another type");
    return static_cast<const T*>(tensor_.data);
  }
  template <class T>
  std::size_t size() const {
    return tensor_.bytes / sizeof(T);
  }

 private:
  weft_tensor tensor_;
};

/// weft_keep_modules
inline void keep_modules(const std::string& folder) { detail::check(weft_keep_modules(folder.c_str())); }

class Model {
 public:
  explicit Model(const std::string& folder, const char* variant = nullptr) {
    weft_model* model = nullptr;
    detail::check(weft_model_open(folder.c_str(), variant, &model));
    model_ = {model, weft_model_close};
  }
  const char* name() const { return weft_model_name(get()); }
  const char* variant() const { return weft_model_variant(get()); }
  std::uint32_t inputs() const { return weft_model_inputs(get()); }
  std::uint32_t outputs() const { return weft_model_outputs(get()); }
  weft_port input(std::uint32_t index) const {
    weft_port port;
    detail::check(weft_model_input(get(), index, &port));
    return port;
  }
  weft_port output(std::uint32_t index) const {
    weft_port port;
    detail::check(weft_model_output(get(), index, &port));
    return port;
  }
  const weft_model* get() const { return model_.get(); }

 private:
  std::shared_ptr<weft_model> model_;
};

class Instance {
 public:
  explicit Instance(Model model) : model_(std::move(model)), instance_(nullptr, weft_instance_free) {
    weft_instance* instance = nullptr;
    detail::check(weft_instance_new(model_.get(), &instance));
    instance_.reset(instance);
  }
  template <class T>
  void set_input(std::uint32_t index, const T* data, std::size_t count,
                 std::initializer_list<std::uint32_t> shape = {}) {
    detail::check(weft_set_input(instance_.get(), index, data, count * sizeof(T),
                                 shape.size() == 0 ? nullptr : shape.begin(),
                                 static_cast<std::uint32_t>(shape.size())));
  }
  template <class T>
  void set_input(const std::string& name, const T* data, std::size_t count,
                 std::initializer_list<std::uint32_t> shape = {}) {
    set_input(index(weft_model_find_input(model_.get(), name.c_str()), name), data, count, shape);
  }
  void run() { detail::check(weft_run(instance_.get())); }
  Tensor output(std::uint32_t index) {
    weft_tensor tensor;
    detail::check(weft_output(instance_.get(), index, &tensor));
    return Tensor(tensor);
  }
  Tensor output(const std::string& name) {
    return output(index(weft_model_find_output(model_.get(), name.c_str()), name));
  }
  void reset() { weft_reset(instance_.get()); }
  void interrupt() { weft_interrupt(instance_.get()); }
  const Model& model() const { return model_; }

 private:
  static std::uint32_t index(std::int32_t found, const std::string& name) {
    if (found < 0) throw std::out_of_range("the model has no port \"" + name + "\"");
    return static_cast<std::uint32_t>(found);
  }
  Model model_;
  std::unique_ptr<weft_instance, void (*)(weft_instance*)> instance_;
};

}  // namespace weft
