// Shows the text of a stage to whoever asked for it; makes the text only then.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weft::compile {

using OnStage = std::function<void(std::string_view stage, std::string_view text)>;

class Dump {
 public:
  explicit Dump(const OnStage& on_stage) : on_stage_(on_stage) {}
  template <class Text>
  void operator()(std::string_view stage, const Text& text) const {
    if (on_stage_) on_stage_(stage, text());
  }

 private:
  const OnStage& on_stage_;
};

}  // namespace weft::compile
