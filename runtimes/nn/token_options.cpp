#include "nn/token_options.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/text.hpp"

namespace weft::nn {
namespace {

using Json = nlohmann::json;

constexpr double kMostTemperature = 1000;

/// Whole numbers that a double holds exactly, as JavaScript has them.
std::optional<int64_t> whole(const Json& value) {
  constexpr double kMost = 9007199254740991;
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  if (!(number >= -kMost && number <= kMost) || std::trunc(number) != number) return std::nullopt;
  return static_cast<int64_t>(number);
}

bool read_name(const Json& value, std::string& out) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return false;
  out = value.get<std::string>();
  return true;
}

bool read_end(const Json& value, std::vector<int64_t>& out) {
  for (const Json& each : value.is_array() ? value : Json::array({value})) {
    const auto token = whole(each);
    if (!token) return false;
    out.push_back(*token);
  }
  return true;
}

bool read_most(const Json& value, std::optional<uint64_t>& out) {
  const auto number = whole(value);
  if (number && *number >= 0) out = static_cast<uint64_t>(*number);
  return number.has_value();
}

bool read_temperature(const Json& value, double& out) {
  if (!value.is_number()) return false;
  out = value.get<double>();
  return out >= 0 && out <= kMostTemperature;
}

bool read_top_k(const Json& value, uint32_t& out) {
  const auto number = whole(value);
  if (!number || *number < 0 || *number > UINT32_MAX) return false;
  out = static_cast<uint32_t>(*number);
  return true;
}

bool read_seed(const Json& value, uint32_t& out) {
  const auto number = whole(value);
  if (number) out = static_cast<uint32_t>(static_cast<uint64_t>(*number));
  return number.has_value();
}

/// A value that the key does not take is false; so is no key of weft's, with `known` false.
bool read(const std::string& key, const Json& value, TokenOptions& options, bool& known) {
  if (key == "tokens") return read_name(value, options.tokens);
  if (key == "logits") return read_name(value, options.logits);
  if (key == "end") return read_end(value, options.end);
  if (key == "n-predict") return read_most(value, options.most);
  if (key == "temp") return read_temperature(value, options.temperature);
  if (key == "top-k") return read_top_k(value, options.top_k);
  if (key == "seed") return read_seed(value, options.seed);
  known = false;
  return false;
}

}  // namespace

Outcome<TokenOptions> read_token_options(std::string_view text) {
  TokenOptions options;
  if (text.empty()) return options;
  const Json config = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!config.is_object()) return refuse(Errno::invalid_argument, "the configuration is no JSON object");
  for (const auto& item : config.items()) {
    bool known = true;
    if (read(item.key(), item.value(), options, known)) continue;
    if (known)
      return refuse(Errno::invalid_argument,
                    fmt::format("the configuration's {} does not take this value", shown(item.key())));
    options.ignored.push_back(item.key());
  }
  return options;
}

}  // namespace weft::nn
