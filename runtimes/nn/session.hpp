// The graphs and contexts of one guest, whatever interface it calls them by: lifetimes, limits and which code
// an error has.
//
// Handles grow from 1, graphs and contexts from one counter, and are never used again: a stale handle, and a
// graph's in place of a context's, is unknown for ever. Nothing is published before it is complete.
//
// A context keeps its graph alive. unload() takes the graph's handle away; contexts that were made before may
// still be read and finalized, and take no more inputs or runs (the lifetime contract of WasmEdge's plugin,
// its DESIGN.md).
//
//   unknown handle, index, type, shape; unloaded graph    invalid_argument
//   compute() while an input is missing                   invalid_argument
//   output() without a successful compute() before it     runtime_error
//   beyond the limits                                     missing_memory
//   a target that the backend refuses                     unsupported_operation
//   bytes that are not what they are said to be           invalid_encoding
//   what the backend answers, and a loop over tokens      as it is
// A failed call changes nothing, but that a failed compute() has no outputs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "nn/backend.hpp"
#include "nn/budget.hpp"
#include "nn/limits.hpp"
#include "nn/registry.hpp"
#include "nn/token_loop.hpp"

namespace weft::nn {

using Handle = uint32_t;

class Session {
 public:
  /// `backend` and `registry` must outlive the session.
  Session(Backend& backend, Registry& registry, const Limits& limits)
      : backend_(backend), registry_(registry), budget_(limits) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Limits& limits() const { return budget_.limits(); }
  Budget& budget() { return budget_; }

  /// `encoding` and `target` as the guest passed them, any value.
  Outcome<Handle> load(std::span<const std::span<const uint8_t>> parts, uint32_t encoding, uint32_t target);
  /// `tokens` for contexts that make tokens one by one; invalid_argument for ports that the model does not
  /// have.
  Outcome<Handle> load_by_name(std::string_view name, TokenOptions tokens = {});
  Outcome<void> unload(Handle graph);
  /// As unload(), but contexts that were made before go on as if nothing had been: what dropping a resource
  /// means.
  Outcome<void> release(Handle graph);

  Outcome<Handle> init_execution_context(Handle graph);
  Outcome<void> finalize_execution_context(Handle context);

  /// The model of a context's graph, for interfaces that know ports by name.
  Outcome<std::shared_ptr<const Model>> model(Handle context) const;

  /// The type as tensor_types.hpp's carries() allows. Booleans become 0 and 1.
  Outcome<void> set_input(Handle context, uint32_t index, const TensorView& tensor);
  Outcome<void> compute(Handle context);
  /// Valid until the next call.
  Outcome<TensorView> output(Handle context, uint32_t index);

  /// One token at a time (token_loop.hpp): unsupported_operation where the model makes none. Where
  /// compute_single() has run, the input of tokens is unset for compute(), and a prompt that compute() has
  /// run is none any more; the states that a model keeps are the same for both.
  Outcome<void> compute_single(Handle context);
  Outcome<TensorView> output_single(Handle context, uint32_t index);
  Outcome<void> fini_single(Handle context);

 private:
  struct Graph {
    std::shared_ptr<Model> model;
    Charge charge;
    TokenOptions token_options;
    Outcome<TokenPorts> token_ports;
    bool unloaded = false;
  };
  struct Context {
    std::shared_ptr<Graph> graph;  // outlives the instance
    std::unique_ptr<Instance> instance;
    Charge charge;
    std::vector<bool> given;  // by input
    bool computed = false;
    std::optional<TokenLoop> tokens;
  };

  Outcome<Handle> publish(std::shared_ptr<Model> model, Charge charge, TokenOptions tokens);
  Outcome<Handle> next_handle();
  Outcome<Context*> context(Handle handle);
  /// Its graph is not unloaded.
  Outcome<Context*> usable(Handle handle);
  /// Its model makes tokens.
  Outcome<void> has_tokens(const Context& context) const;
  /// All inputs but `except`, which a model may not have, are set.
  Outcome<void> has_inputs(const Context& context, std::optional<uint32_t> except) const;
  Outcome<void> run(Context& context);

  Backend& backend_;
  Registry& registry_;
  Budget budget_;  // outlives the tables
  uint64_t next_ = 1;
  std::map<Handle, std::shared_ptr<Graph>> graphs_;
  std::map<Handle, Context> contexts_;
};

}  // namespace weft::nn
