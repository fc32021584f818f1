// Custom operations on strings, in plain code.
#include "graph/custom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <limits>

#include "base/utf8.hpp"
#include "graph/evaluators.hpp"
#include "graph/text_case.hpp"

namespace weft::graph {
namespace {

using evaluators::Call;

/// One operation and its operands as strings.
class Custom {
 public:
  explicit Custom(const Call& call) : call_(call), a_(call.attributes<CustomAttributes>()) {}

  const Call& call() const { return call_; }
  std::string argument(size_t i) const { return i < a_.arguments.size() ? a_.arguments[i] : std::string(); }
  int64_t number(size_t i) const {
    const std::string text = argument(i);
    int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  size_t count(size_t operand = 0) const {
    return static_cast<size_t>(evaluators::element_count(call_.x[operand]->shape));
  }

  Result<const std::string*> text(size_t i, size_t operand = 0) const {
    const int32_t id = evaluators::data<int32_t>(*call_.x[operand])[i];
    const std::string* found = call_.strings->find(id);
    if (found == nullptr) return problem(fmt::format("{} is the id of no string", id));
    return found;
  }
  void set(size_t i, std::string_view text) const {
    evaluators::data<int32_t>(call_.y)[i] = call_.strings->id(text);
  }
  std::unexpected<Error> problem(std::string what, ErrorKind kind = ErrorKind::invalid_argument) const {
    return fail(kind, fmt::format("{}: {}", a_.name, what));
  }

 private:
  const Call& call_;
  const CustomAttributes& a_;
};

Result<void> change_case(const Custom& c) {
  const bool upper = c.argument(0) == "upper";
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    const auto changed = changed_case(*text, upper);
    if (!changed)
      return c.problem("the evaluator does not know the cases of \"" + *text + "\"", ErrorKind::unsupported);
    c.set(i, *changed);
  }
  return {};
}

Result<void> concat(const Custom& c) {
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(a, c.text(i, 0));
    WEFT_ASSIGN(b, c.text(i, 1));
    const std::string both = *a + *b;
    c.set(i, both);
  }
  return {};
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Python's str.split.
std::vector<std::string> split(std::string_view text, std::string_view delimiter, int64_t most) {
  std::vector<std::string> parts;
  const auto is_last = [&] { return most >= 0 && static_cast<int64_t>(parts.size()) == most; };
  if (!delimiter.empty()) {
    for (size_t end; !is_last() && (end = text.find(delimiter)) != text.npos;) {
      parts.emplace_back(text.substr(0, end));
      text.remove_prefix(end + delimiter.size());
    }
    parts.emplace_back(text);
    return parts;
  }
  const auto skip = [&] {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  };
  for (skip(); !text.empty(); skip()) {
    if (is_last()) {
      while (is_blank(text.back())) text.remove_suffix(1);
      parts.emplace_back(text);
      break;
    }
    const auto end = static_cast<size_t>(std::ranges::find_if(text, is_blank) - text.begin());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

Result<void> count_parts(const Custom& c) {
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    const size_t parts = split(*text, c.argument(0), c.number(1)).size();
    if (static_cast<int64_t>(parts) > c.number(2))
      return c.problem(fmt::format("{} parts, where there is room for {}", parts, c.number(2)));
    evaluators::data<int32_t>(c.call().y)[i] = static_cast<int32_t>(parts);
  }
  return {};
}

Result<void> split_parts(const Custom& c) {
  const auto width = static_cast<size_t>(c.call().y.shape.back());
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    std::vector<std::string> parts = split(*text, c.argument(0), c.number(1));
    parts.resize(width);
    for (size_t j = 0; j < width; ++j) c.set(i * width + j, parts[j]);
  }
  return {};
}

/// As Python's repr does: the shortest digits that mean the number, with a point or an exponent.
template <class T>
std::string written(T value) {
  if (value != value) return "NaN";
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  if (value == kInfinity || value == -kInfinity) return value > 0 ? "INF" : "-INF";
  const std::string text = fmt::format("{:e}", value);  // for the sign of zero
  std::string digits;
  int exponent = 0;
  for (int precision = 0; precision <= 17; ++precision) {
    const std::string tried = fmt::format("{:.{}e}", value, precision);
    T back = 0;
    if constexpr (std::is_same_v<T, float>) back = std::strtof(tried.c_str(), nullptr);
    else back = std::strtod(tried.c_str(), nullptr);
    if (back != value) continue;
    const size_t e = tried.find('e');
    for (const char digit : tried.substr(0, e))
      if (digit >= '0' && digit <= '9') digits += digit;
    exponent = std::atoi(tried.c_str() + e + 1);
    break;
  }
  const std::string sign = text[0] == '-' ? "-" : "";
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = count > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}{}e{}{:02}", sign, digits[0], fraction, exponent < 0 ? '-' : '+',
                       exponent < 0 ? -exponent : exponent);
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

Result<void> format(const Custom& c) {
  const Tensor& x = *c.call().x[0];
  const std::string type = c.argument(0);
  evaluators::with_type(x.dtype, [&]<class T>(std::type_identity<T>) {
    const T* values = evaluators::data<T>(x);
    for (size_t i = 0; i < c.count(); ++i) {
      if constexpr (std::is_floating_point_v<T>)
        c.set(i, type == "f64" ? written(static_cast<double>(values[i]))
                               : written(static_cast<float>(values[i])));
      else if (type == "boolean") c.set(i, values[i] != 0 ? "True" : "False");
      else c.set(i, fmt::to_string(values[i]));
    }
  });
  return {};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Without blanks around it and a plus in front; "" where the plus has another sign behind it.
std::string_view unsigned_plus(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('+')) return text;
  text.remove_prefix(1);
  return text.starts_with('-') || text.starts_with('+') ? std::string_view() : text;
}

std::optional<double> number_of(std::string_view text) {
  std::string plain;
  for (const char c : unsigned_plus(text))
    plain += static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  const bool negative = plain.starts_with('-');
  const std::string name = plain.substr(negative ? 1 : 0);
  if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (name == "inf" || name == "infinity") return negative ? -HUGE_VAL : HUGE_VAL;
  const bool decimal = name.find_first_not_of("0123456789.e+-") == name.npos && !name.empty() &&
                       name[0] != '+' && name[0] != '-' && name[0] != 'e';
  char* end = nullptr;
  const double value = std::strtod(plain.c_str(), &end);
  if (!decimal || end != plain.c_str() + plain.size() || end == plain.c_str()) return std::nullopt;
  return value;
}

Result<void> parse_numbers(const Custom& c) {
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    const auto value = number_of(*text);
    if (!value) return c.problem("\"" + *text + "\" is no number");
    evaluators::data<double>(c.call().y)[i] = *value;
  }
  return {};
}

Result<void> parse_integers(const Custom& c) {
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    const std::string_view plain = unsigned_plus(*text);
    int64_t value = 0;
    const auto [end, fault] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (fault != std::errc() || end != plain.data() + plain.size())
      return c.problem("\"" + *text + "\" is no integer of 64 bits");
    evaluators::data<int64_t>(c.call().y)[i] = value;
  }
  return {};
}

/// UTF-8 orders as its code points do.
Result<void> rank(const Custom& c) {
  std::vector<std::string> distinct;
  for (size_t i = 0; i < c.count(); ++i) {
    WEFT_ASSIGN(text, c.text(i));
    distinct.push_back(*text);
  }
  const std::vector<std::string> texts = distinct;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (size_t i = 0; i < texts.size(); ++i)
    evaluators::data<int32_t>(c.call().y)[i] =
        static_cast<int32_t>(std::ranges::lower_bound(distinct, texts[i]) - distinct.begin());
  return {};
}

Result<void> match(const Custom& c) {
  return c.problem("the evaluator has no regular expressions", ErrorKind::unsupported);
}

struct Row {
  std::string_view name;
  Result<void> (*evaluate)(const Custom&);
};
constexpr Row kRows[] = {
    {"string.case", change_case},     {"string.concat", concat},          {"string.match", match},
    {"string.parts", count_parts},    {"string.part", split_parts},       {"string.format", format},
    {"string.number", parse_numbers}, {"string.integer", parse_integers}, {"string.rank", rank},
};

}  // namespace

bool is_custom(std::string_view name) {
  return std::ranges::find(kRows, name, &Row::name) != std::end(kRows);
}

Result<void> evaluate_custom(const CustomAttributes& what, std::span<const Tensor* const> x, Tensor& y,
                             Strings& strings) {
  const Node node{Op::custom, what, {}, kNoValue, {}};
  return evaluators::custom({node, x, y, &strings});
}

namespace evaluators {

Result<void> custom(const Call& call) {
  const std::string& name = call.attributes<CustomAttributes>().name;
  const auto row = std::ranges::find(kRows, name, &Row::name);
  if (row == std::end(kRows) || call.strings == nullptr)
    return fail(ErrorKind::unsupported, fmt::format("the evaluator has no operation {}", name));
  return row->evaluate(Custom(call));
}

}  // namespace evaluators
}  // namespace weft::graph
