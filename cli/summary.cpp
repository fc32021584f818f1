// Outputs as numbers that a person looks at.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "cli/tensors.hpp"

namespace weft::cli {
namespace {

constexpr size_t kFirst = 6;
constexpr double kMostExact = 0x1p53;

/// The digits of a number, "125" for 0.0125, and the power of ten of the first, -2.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal decimal_of(const std::string& scientific) {
  const size_t mark = scientific.find('e');
  Decimal decimal{scientific.substr(0, mark), std::atoi(scientific.c_str() + mark + 1)};
  std::erase(decimal.digits, '.');
  return decimal;
}

/// Of a number above 0; rounds halves up, as JavaScript's toPrecision does.
Decimal six_digits(double value) {
  constexpr size_t kDigits = 6;
  Decimal decimal = decimal_of(fmt::format("{:.60e}", value));  // more digits than halves have
  const bool up = decimal.digits[kDigits] >= '5';
  decimal.digits.resize(kDigits);
  size_t at = kDigits;
  while (up && at > 0 && decimal.digits[at - 1] == '9') decimal.digits[--at] = '0';
  if (up && at > 0) ++decimal.digits[at - 1];
  if (up && at == 0) {
    decimal.digits.insert(0, "1");
    ++decimal.exponent;
  }
  return decimal;
}

/// The fewest digits that are this number.
Decimal fewest_digits(double value) {
  std::string text;
  for (int digits = 0; digits <= 16; ++digits) {
    text = fmt::format("{:.{}e}", value, digits);
    if (std::strtod(text.c_str(), nullptr) == value) break;
  }
  return decimal_of(text);
}

/// ECMA-262, Number::toString.
std::string as_javascript(Decimal decimal) {
  std::string& digits = decimal.digits;
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const int count = static_cast<int>(digits.size()), point = decimal.exponent + 1;
  if (count <= point && point <= 21) return digits + std::string(static_cast<size_t>(point - count), '0');
  if (0 < point && point <= 21) return digits.insert(static_cast<size_t>(point), ".");
  if (-6 < point && point <= 0) return "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  if (count > 1) digits.insert(1, ".");
  return fmt::format("{}e{}{}", digits, decimal.exponent < 0 ? '-' : '+', std::abs(decimal.exponent));
}

/// JSON has no other numbers, and 1 is not 1.0 in JavaScript.
ordered_json json_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (std::floor(value) == value && std::fabs(value) < kMostExact) return static_cast<int64_t>(value);
  return value;
}

ordered_json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : ordered_json(nullptr);
}

std::string text_of(const std::optional<double>& value) { return value ? number_text(*value) : "-"; }

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (value == 0) return "0";
  const std::string sign = value < 0 ? "-" : "";
  value = std::fabs(value);
  if (std::isinf(value)) return sign + "Infinity";
  return sign + as_javascript(std::floor(value) == value ? fewest_digits(value) : six_digits(value));
}

Summary summarize(const TensorPort& port, const graph::Tensor& tensor) {
  Summary summary{port.name, tensor.dtype, tensor.shape, {}, {}, {}, 0, {}, {}};
  const uint64_t count = element_count(tensor.shape);
  double least = std::numeric_limits<double>::infinity(), greatest = -least, sum = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const double value = element_at(tensor.bytes, tensor.dtype, i);
    if (i < kFirst) summary.first.push_back(value);
    if (std::isnan(value)) {
      ++summary.nan;
      continue;
    }
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    sum += value;
  }
  if (count == summary.nan) return summary;
  summary.min = least;
  summary.max = greatest;
  summary.mean = sum / static_cast<double>(count - summary.nan);
  return summary;
}

std::string to_text(const Summary& summary) {
  std::string text =
      fmt::format("{}  {} [{}]", summary.name, to_string(summary.dtype), fmt::join(summary.shape, ", "));
  if (!summary.file.empty()) return text + "  -> " + summary.file + "\n";
  text += fmt::format("\n  min {}  max {}  mean {}", text_of(summary.min), text_of(summary.max),
                      text_of(summary.mean));
  if (summary.nan > 0) text += fmt::format("  NaN {}", summary.nan);
  text += "  first";
  for (const double value : summary.first) text += " " + number_text(value);
  return text + "\n";
}

ordered_json to_json(const Summary& summary) {
  ordered_json first = ordered_json::array();
  for (const double value : summary.first) first.push_back(json_number(value));
  ordered_json json = {{"name", summary.name},
                       {"dtype", to_string(summary.dtype)},
                       {"shape", summary.shape},
                       {"min", json_number(summary.min)},
                       {"max", json_number(summary.max)},
                       {"mean", json_number(summary.mean)},
                       {"nan", summary.nan},
                       {"first", std::move(first)}};
  if (!summary.file.empty()) json["file"] = summary.file;
  return json;
}

}  // namespace weft::cli
