// Named models: what the embedder registered, loaded once, shared by all hosts and instances that use the
// registry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "nn/backend.hpp"

namespace weft::nn {

/// A name is bytes that a guest must give exactly; it never means a path. Not synchronised: hosts on several
/// threads lock around it.
class Registry {
 public:
  /// Makes the model; called at most once, by the first find().
  using Loader = std::function<Outcome<std::shared_ptr<Model>>()>;

  /// A model that is loaded when a guest first asks for it. False, and nothing changes: the name is taken.
  bool add(std::string name, Loader loader);
  /// A model that is there.
  bool add(std::string name, std::shared_ptr<Model> model);

  /// not_found for a name that nobody registered; else what the loader answered, the first time and ever
  /// after: a model that does not load is not tried again.
  Outcome<std::shared_ptr<Model>> find(std::string_view name);

 private:
  struct Entry {
    Loader loader;  // empty once it was called
    Outcome<std::shared_ptr<Model>> model;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace weft::nn
