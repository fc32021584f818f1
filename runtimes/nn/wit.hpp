// The WIT interface wasi:nn@0.2.0-rc-2024-10-28 as C++ calls: what a component's host, or a component that
// exports it, stands on.
//
// Resources are handles or objects here, and the component model's tables are the embedder's: a tensor or an
// error is an object that lives as long as its resource; a graph or context is a handle that the embedder
// drops when the guest does.
//
// Unlike witx, a run takes all inputs at once, by name, and gives all outputs. A context outlives the graph
// that it was made of.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/backend.hpp"
#include "nn/budget.hpp"
#include "nn/registry.hpp"
#include "nn/session.hpp"

namespace weft::nn::wit {

/// enum tensor-type, whose numbers are not those of witx from 3 on.
enum class TensorType : uint8_t { fp16, fp32, fp64, bf16, u8, i32, i64 };

/// enum error-code.
enum class ErrorCode : uint8_t {
  invalid_argument,
  invalid_encoding,
  timeout,
  runtime_error,
  unsupported_operation,
  too_large,
  not_found,
  security,
  unknown,
};

/// resource error.
struct Error {
  ErrorCode code = ErrorCode::unknown;
  std::string data;  ///< one sentence
};

template <class T>
using Reply = std::expected<T, Error>;

/// resource tensor: never changed. Freed before the host that made it.
class Tensor {
 public:
  std::span<const uint32_t> dimensions() const { return dimensions_; }
  TensorType ty() const { return type_; }
  std::span<const uint8_t> data() const { return data_; }

 private:
  friend class Host;
  Tensor(std::vector<uint32_t> dimensions, TensorType type, std::vector<uint8_t> data, Charge charge)
      : dimensions_(std::move(dimensions)), type_(type), data_(std::move(data)), charge_(std::move(charge)) {}
  std::vector<uint32_t> dimensions_;
  TensorType type_;
  std::vector<uint8_t> data_;
  Charge charge_;
};

/// An input: the name of a port, or its index in decimal where no port is called so.
struct Input {
  std::string_view name;
  const Tensor* tensor = nullptr;
};

struct Output {
  std::string name;
  Tensor tensor;
};

/// What an Errno is among the codes of this interface, which has none for busy (runtime-error) and
/// missing_memory (too-large).
ErrorCode error_code(Errno code);

/// The graphs and contexts of one guest. A call from within a call (of its backend or log) is runtime_error,
/// and what is dropped there goes when the call ends.
class Host {
 public:
  /// `backend` and `registry` must outlive the host, whose failures each leave one line in the log.
  Host(Backend& backend, Registry& registry, Limits limits = {}, Log log = {});

  /// The constructor of the resource tensor, which takes any dimensions with any data: whether they fit is
  /// said when it is used. In WIT it cannot fail; beyond the limits the embedder traps.
  Reply<Tensor> tensor(std::span<const uint32_t> dimensions, TensorType type, std::span<const uint8_t> data);

  /// `encoding` as numbered by graph-encoding, `target` by execution-target.
  Reply<Handle> load(std::span<const std::span<const uint8_t>> builder, uint32_t encoding, uint32_t target);
  Reply<Handle> load_by_name(std::string_view name);
  Reply<Handle> init_execution_context(Handle graph);

  /// Every input exactly once; all outputs, in the model's order. Types that the interface has no name for
  /// come as those of their size (boolean and i8 as u8, i16 and u16 as fp16, u32 as i32, u64 as i64), and so
  /// they are taken.
  Reply<std::vector<Output>> compute(Handle context, std::span<const Input> inputs);

  void drop_graph(Handle graph) { drop({graph, false}); }
  void drop_context(Handle context) { drop({context, true}); }

 private:
  struct Drop {
    Handle handle = 0;
    bool context = false;
  };
  /// Runs `body` as the one call that there is.
  template <class T, class F>
  Reply<T> call(std::string_view function, F body);
  void drop(Drop drop);
  Outcome<void> set_inputs(Handle context, const Model& model, std::span<const Input> inputs);
  Outcome<std::vector<Output>> run(Handle context, std::span<const Input> inputs);
  Outcome<std::vector<Output>> outputs(Handle context, const Model& model);

  Session session_;
  Log log_;
  bool busy_ = false;
  std::vector<Drop> dropped_;  // while it was busy
};

}  // namespace weft::nn::wit
