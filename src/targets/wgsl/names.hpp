// Identifiers of WGSL for the IR's names, which may hold dots and anything else.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace weft::wgsl {

/// One identifier per name and prefix. The prefix ("i_") keeps clear of keywords, reserved words and helpers.
class Names {
 public:
  const std::string& of(std::string_view prefix, std::string_view name);

 private:
  std::map<std::string, std::string, std::less<>> known_;
  std::set<std::string, std::less<>> taken_;
};

/// Printable ASCII of one line: what may stand in a comment.
std::string comment_text(std::string_view text);

}  // namespace weft::wgsl
