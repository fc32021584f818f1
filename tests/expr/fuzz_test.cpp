// Every rule against an independent evaluation: random expressions are built by the builders and, side by
// side, as vectors of the values that plain arithmetic gives them on random assignments.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "expr/expr.hpp"

namespace weft::expr {
namespace {

// splitmix64 (Steele, Lea, Flood 2014): the same numbers with every standard library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t a, int64_t b) { return a + below(b - a + 1); }
  bool chance(int64_t percent) { return below(100) < percent; }

 private:
  uint64_t state_;
};

constexpr size_t kAssignments = 48;
constexpr double kMaxWeight = 1e9;

using Environment = std::map<std::string, int64_t, std::less<>>;
using Scope = std::map<std::string, Variable, std::less<>>;

int64_t floor_of(int64_t a, int64_t b) {
  int64_t q = a / b;
  if (q * b > a) --q;
  return q;
}

/// An expression, the values that it must have, and a bound on how large its coefficients can be.
struct Sample {
  Expr e;
  std::vector<int64_t> values;
  double weight = 1;
};

class World {
 public:
  explicit World(uint64_t seed) : random(seed) {
    const int64_t count = random.between(2, 6);
    for (int64_t i = 0; i < count; ++i) add_variable(std::string(1, static_cast<char>('a' + i)));
    if (random.chance(30)) add_variable("two words");
    environments.resize(kAssignments);
    for (size_t k = 0; k < kAssignments; ++k)
      for (const auto& [name, v] : scope) environments[k][name] = draw(v, k);
    for (const auto& [name, v] : scope) {
      Sample s{variable(v.name, v.range, v.multiple_of), {}, 1};
      for (const auto& env : environments) s.values.push_back(env.find(name)->second);
      pool.push_back(std::move(s));
    }
  }

  int64_t draw(const Variable& v, size_t k) {
    const int64_t low = v.range.min ? *v.range.min : (v.range.max ? *v.range.max : 0) - 300;
    const int64_t high = v.range.max ? *v.range.max : (v.range.min ? *v.range.min : 0) + 300;
    const int64_t m = v.multiple_of;
    const int64_t first = floor_of(low + m - 1, m), last = floor_of(high, m);
    if (k % 8 == 0) return first * m;
    if (k % 8 == 1) return last * m;
    return random.between(first, last) * m;
  }

  Random random;
  Scope scope;
  std::vector<Environment> environments;
  std::vector<Sample> pool;

 private:
  void add_variable(const std::string& name) {
    static const int64_t multiples[] = {1, 1, 1, 2, 4, 8, 3};
    Variable v;
    v.name = name;
    v.multiple_of = multiples[random.below(7)];
    switch (random.below(5)) {
      case 0: break;
      case 1: v.range = {1, std::nullopt}; break;
      case 2: v.range = {0, v.multiple_of * random.between(0, 15)}; break;
      case 3: v.range = {1, v.multiple_of * random.between(1, 9)}; break;
      default: v.range = {-random.between(0, 20), random.between(0, 20)}; break;
    }
    scope[name] = v;
  }
};

int64_t constant_of(Random& random) {
  static const int64_t common[] = {0, 1, -1, 2, 3, 4, 8, 16, 32, 5, 7, -8, 64, 6, 12};
  return random.chance(80) ? common[random.below(15)] : random.between(-40, 40);
}

Sample constant_sample(int64_t value) {
  return {Expr(value), std::vector<int64_t>(kAssignments, value),
          static_cast<double>(value < 0 ? -value : value)};
}

Sample pick(World& w) {
  if (w.random.chance(20)) return constant_sample(constant_of(w.random));
  return w.pool[static_cast<size_t>(w.random.below(static_cast<int64_t>(w.pool.size())))];
}

Sample pick_divisor(World& w) {
  static const int64_t common[] = {2, 4, 8, 3, 16, 1, 5, 32, 6, 12};
  for (int tries = 0; tries < 8 && w.random.chance(35); ++tries) {
    const Sample s = pick(w);
    const Interval b = bounds(s.e);
    if (b.min && *b.min >= 1) return s;
  }
  return constant_sample(common[w.random.below(10)]);
}

template <class F>
Sample combine(const Expr& e, double weight, const Sample& a, const Sample& b, F f) {
  Sample s{e, {}, weight};
  for (size_t k = 0; k < kAssignments; ++k) s.values.push_back(f(a.values[k], b.values[k]));
  return s;
}

Sample sum(const Sample& a, const Sample& b, int64_t k) {
  const Expr e = k > 0 ? a.e + b.e : a.e - b.e;
  return combine(e, a.weight + b.weight, a, b, [&](int64_t x, int64_t y) { return k > 0 ? x + y : x - y; });
}

Sample multiple(const Sample& a, const Sample& b) {
  return combine(a.e * b.e, a.weight * b.weight, a, b, [](int64_t x, int64_t y) { return x * y; });
}

Sample quotient(const Sample& a, const Sample& d) {
  return combine(floor_div(a.e, d.e), (1 + a.weight) * (1 + d.weight), a, d, floor_of);
}

Sample rounded_up(const Sample& a, const Sample& d) {
  return combine(ceil_div(a.e, d.e), (1 + a.weight + d.weight) * (1 + d.weight), a, d,
                 [](int64_t x, int64_t y) { return -floor_of(-x, y); });
}

Sample rest(const Sample& a, const Sample& d) {
  return combine(mod(a.e, d.e), (1 + a.weight) * (1 + d.weight), a, d,
                 [](int64_t x, int64_t y) { return x - y * floor_of(x, y); });
}

/// What splitting and fusing of indices make, so that the rules over several divisions are met often.
Sample index_pattern(World& w) {
  const Sample x = pick(w), d = pick_divisor(w);
  Sample c = pick_divisor(w);
  // Distributed, the product of two positive sums may not be known to be positive.
  if (bounds(d.e * c.e).min.value_or(0) < 1) c = constant_sample(2);
  const Sample k = constant_sample(constant_of(w.random));
  const Sample y = pick(w);
  switch (w.random.below(6)) {
    case 0: return sum(multiple(multiple(d, quotient(x, d)), k), multiple(rest(x, d), k), 1);
    case 1: return multiple(k, sum(x, multiple(d, quotient(x, d)), -1));
    case 2: return sum(multiple(rest(quotient(x, d), c), d), rest(x, d), 1);
    case 3: return quotient(sum(multiple(x, d), rest(y, d), 1), d);
    case 4: return rest(sum(multiple(x, d), rest(y, d), 1), multiple(d, c));
    default:
      return sum(multiple(quotient(x, multiple(d, c)), multiple(d, c)),
                 sum(multiple(rest(quotient(x, d), c), d), rest(x, d), 1), 1);
  }
}

Sample select_sample(World& w) {
  const Sample c = pick(w), a = pick(w), b = pick(w);
  Sample s{select(c.e, a.e, b.e), {}, (1 + c.weight) * (1 + a.weight) * (1 + b.weight)};
  for (size_t k = 0; k < kAssignments; ++k) s.values.push_back(c.values[k] != 0 ? a.values[k] : b.values[k]);
  return s;
}

Sample comparison(World& w, const Sample& a, const Sample& b) {
  switch (w.random.below(4)) {
    case 0: return combine(less(a.e, b.e), 1, a, b, [](int64_t x, int64_t y) { return int64_t{x < y}; });
    case 1:
      return combine(less_equal(a.e, b.e), 1, a, b, [](int64_t x, int64_t y) { return int64_t{x <= y}; });
    case 2: return combine(equal(a.e, b.e), 1, a, b, [](int64_t x, int64_t y) { return int64_t{x == y}; });
    default: return combine(logical_not(a.e), 1, a, b, [](int64_t x, int64_t) { return int64_t{x == 0}; });
  }
}

Sample logic(World& w, const Sample& a, const Sample& b) {
  if (w.random.chance(50))
    return combine(logical_and(a.e, b.e), 1, a, b,
                   [](int64_t x, int64_t y) { return int64_t{x != 0 && y != 0}; });
  return combine(logical_or(a.e, b.e), 1, a, b,
                 [](int64_t x, int64_t y) { return int64_t{x != 0 || y != 0}; });
}

Sample grow(World& w) {
  const Sample a = pick(w), b = pick(w);
  switch (w.random.below(15)) {
    case 0:
    case 1: return sum(a, b, 1);
    case 2: return sum(a, b, -1);
    case 3: return multiple(a, constant_sample(constant_of(w.random)));
    case 4: return multiple(a, b);
    case 5: return quotient(a, pick_divisor(w));
    case 6: return rest(a, pick_divisor(w));
    case 7:
      return combine(min(a.e, b.e), a.weight + b.weight, a, b,
                     [](int64_t x, int64_t y) { return x < y ? x : y; });
    case 8:
      return combine(max(a.e, b.e), a.weight + b.weight, a, b,
                     [](int64_t x, int64_t y) { return x > y ? x : y; });
    case 9: return comparison(w, a, b);
    case 10: return logic(w, a, b);
    case 11: return select_sample(w);
    case 12: return rounded_up(a, pick_divisor(w));
    default: return index_pattern(w);
  }
}

size_t size_of(const Expr& e) {
  size_t n = 1;
  for (const Term& t : e.node().terms) n += size_of(t.atom);
  for (const Expr& op : e.node().operands) n += size_of(op);
  return n;
}

Expr rebuilt(const Expr& e) {
  const auto& op = e.node().operands;
  switch (e.kind()) {
    case Kind::constant:
    case Kind::variable: return e;
    case Kind::sum: {
      Expr r(e.node().value);
      for (const Term& t : e.node().terms) r = r + rebuilt(t.atom) * Expr(t.coefficient);
      return r;
    }
    case Kind::product: {
      Expr r(1);
      for (const Expr& f : op) r = rebuilt(f) * r;
      return r;
    }
    case Kind::floor_div: return floor_div(rebuilt(op[0]), rebuilt(op[1]));
    case Kind::mod: return mod(rebuilt(op[0]), rebuilt(op[1]));
    case Kind::min: return min(rebuilt(op[1]), rebuilt(op[0]));
    case Kind::max: return max(rebuilt(op[1]), rebuilt(op[0]));
    case Kind::less: return less(rebuilt(op[0]), rebuilt(op[1]));
    case Kind::less_equal: return less_equal(rebuilt(op[0]), rebuilt(op[1]));
    case Kind::equal: return equal(rebuilt(op[1]), rebuilt(op[0]));
    case Kind::logical_and: return logical_and(rebuilt(op[1]), rebuilt(op[0]));
    case Kind::logical_or: return logical_or(rebuilt(op[1]), rebuilt(op[0]));
    case Kind::logical_not: return logical_not(rebuilt(op[0]));
    case Kind::select: return select(rebuilt(op[0]), rebuilt(op[1]), rebuilt(op[2]));
  }
  return e;
}

bool same(const Expr& a, const Expr& b, const char* what) {
  if (a == b) return true;
  ADD_FAILURE() << what << ": " << print(a) << "  became  " << print(b);
  return false;
}

bool check_values(const World& w, const Sample& s) {
  const Interval b = bounds(s.e);
  const int64_t d = known_divisor(s.e);
  const auto proved = prove(s.e);
  for (size_t k = 0; k < kAssignments; ++k) {
    const int64_t want = s.values[k], got = evaluate(s.e, w.environments[k]);
    const bool inside = (!b.min || *b.min <= want) && (!b.max || want <= *b.max);
    const bool divisible = d == 0 ? want == 0 : want % d == 0;
    const bool honest = !proved || *proved == (want != 0);
    if (got == want && inside && divisible && honest) continue;
    ADD_FAILURE() << print(s.e) << " is " << got << ", should be " << want << "; in bounds " << inside
                  << ", divisor " << d << ", proof holds " << honest;
    return false;
  }
  return true;
}

bool check_forms(const World& w, const Sample& s) {
  if (!same(s.e, rebuilt(s.e), "rebuilding")) return false;
  Linear l = linear(s.e);
  if (!same(s.e, from_linear(l), "from_linear")) return false;
  std::reverse(l.terms.begin(), l.terms.end());
  l.terms.push_back({1, Expr(l.constant)});
  l.constant = 0;
  if (!same(s.e, from_linear(l), "from_linear of any order")) return false;
  const std::string text = print(s.e);
  const auto parsed = parse(text, w.scope);
  if (!parsed) {
    ADD_FAILURE() << text << ": " << parsed.error().message;
    return false;
  }
  return same(s.e, *parsed, "parsing") && print(*parsed) == text;
}

bool has_symbolic_divisor(const Expr& e) {
  for (const Term& t : e.node().terms)
    if (has_symbolic_divisor(t.atom)) return true;
  for (const Expr& op : e.node().operands)
    if (has_symbolic_divisor(op)) return true;
  return (e.kind() == Kind::floor_div || e.kind() == Kind::mod) && !e.node().operands[1].as_constant();
}

// A variable becomes m * fresh + offset, or a constant, within its own facts.
bool check_substitution(World& w, const Sample& s) {
  std::map<std::string, Expr, std::less<>> bindings;
  std::vector<Environment> environments(4);
  for (const auto& [name, v] : w.scope) {
    const std::string fresh = name + ".inner";
    const int64_t low = w.draw(v, 0);
    const int64_t other = w.draw(v, 2);
    // Distributed anew, a product within a symbolic divisor may no longer be known to be positive: constants
    // only.
    const int64_t choice = w.random.below(has_symbolic_divisor(s.e) ? 2 : 3);
    if (choice == 1) bindings.insert_or_assign(name, Expr(other));
    const int64_t steps = (other - low) / v.multiple_of;
    if (choice == 2)
      bindings.insert_or_assign(name, variable(fresh, {0, steps}) * Expr(v.multiple_of) + Expr(low));
    for (Environment& env : environments) {
      env[fresh] = w.random.between(0, steps);
      env[name] = choice == 1 ? other : choice == 2 ? env[fresh] * v.multiple_of + low : w.draw(v, 3);
    }
  }
  const Expr replaced = substitute(s.e, bindings);
  for (const Environment& env : environments) {
    const int64_t want = evaluate(s.e, env), got = evaluate(replaced, env);
    if (want == got) continue;
    ADD_FAILURE() << print(s.e) << " is " << want << ", substituted " << print(replaced) << " is " << got;
    return false;
  }
  return true;
}

bool check_split(const World& w, const Sample& s) {
  for (const auto& [name, v] : w.scope) {
    const auto split = split_linear(s.e, name);
    if (uses(s.e, name) != variables(s.e).contains(name)) return false;
    if (!split) continue;
    EXPECT_FALSE(uses(split->rest, name) || uses(split->coefficient, name)) << print(s.e);
    // By value: the coefficient on its own may simplify further than inside the sum.
    for (size_t k = 0; k < kAssignments; ++k) {
      const Environment& env = w.environments[k];
      const int64_t coefficient = evaluate(split->coefficient, env), rest_value = evaluate(split->rest, env);
      if (coefficient * env.find(name)->second + rest_value == s.values[k]) continue;
      ADD_FAILURE() << "split_linear of " << print(s.e) << " in " << name;
      return false;
    }
  }
  return true;
}

bool check(World& w, const Sample& s) {
  return check_values(w, s) && check_forms(w, s) && check_substitution(w, s) && check_split(w, s);
}

bool in_range(const Sample& s) {
  if (s.weight > kMaxWeight) return false;
  for (int64_t v : s.values)
    if (v > (int64_t{1} << 40) || v < -(int64_t{1} << 40)) return false;
  return size_of(s.e) <= 40;
}

// WEFT_FUZZ_FIRST and WEFT_FUZZ_ROUNDS search elsewhere and longer than the test does.
int64_t first_seed() {
  const char* text = std::getenv("WEFT_FUZZ_FIRST");
  return text ? std::atoll(text) : 0;
}

int64_t rounds() {
  const char* text = std::getenv("WEFT_FUZZ_ROUNDS");
  return text ? std::atoll(text) : 1500;
}

TEST(ExprFuzz, BuildersAgreeWithPlainArithmetic) {
  for (int64_t seed = 0; seed < rounds(); ++seed) {
    World w(static_cast<uint64_t>(seed + first_seed()) * 7919 + 17);
    for (int step = 0; step < 60; ++step) {
      Sample s = grow(w);
      if (!in_range(s)) continue;
      ASSERT_TRUE(check(w, s)) << "seed " << seed + first_seed() << ", step " << step;
      w.pool.push_back(std::move(s));
    }
  }
}

// Damaged text gives an error or an expression, which then prints and parses as any other.
TEST(ExprFuzz, ParserSurvivesDamagedText) {
  static const std::string characters = "abc0123456789+-*/%()<=!&|, \"\\minselct";
  size_t accepted = 0, refused = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    World w(seed + 5000);
    for (int step = 0; step < 60; ++step) {
      Sample s = grow(w);
      if (!in_range(s)) continue;
      std::string text = print(s.e);
      w.pool.push_back(std::move(s));
      for (int64_t edits = w.random.between(1, 3); edits > 0 && !text.empty(); --edits) {
        const size_t at = static_cast<size_t>(w.random.below(static_cast<int64_t>(text.size())));
        const char c =
            characters[static_cast<size_t>(w.random.below(static_cast<int64_t>(characters.size())))];
        switch (w.random.below(3)) {
          case 0: text.erase(at, 1); break;
          case 1: text.insert(at, 1, c); break;
          default: text[at] = c; break;
        }
      }
      const auto e = parse(text, w.scope);
      ++(e ? accepted : refused);
      if (!e) continue;
      const auto again = parse(print(*e), w.scope);
      ASSERT_TRUE(again && *again == *e) << text << " gives " << print(*e);
    }
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

TEST(ExprParse, DeepTextIsRefused) {
  const std::string deep(100000, '(');
  EXPECT_FALSE(parse(deep, {}));
  EXPECT_FALSE(parse(std::string(100000, '-') + "1", {}));
  EXPECT_FALSE(parse(std::string(100000, '!') + "1", {}));
}

int sign(int c) { return c < 0 ? -1 : c > 0 ? 1 : 0; }

TEST(ExprFuzz, CompareIsATotalOrder) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    World w(seed + 1000);
    for (int step = 0; step < 80; ++step) {
      Sample s = grow(w);
      if (in_range(s)) w.pool.push_back(std::move(s));
    }
    for (int step = 0; step < 4000; ++step) {
      const Expr a = pick(w).e, b = pick(w).e, c = pick(w).e;
      ASSERT_EQ(compare(a, a), 0);
      ASSERT_EQ(sign(compare(a, b)), -sign(compare(b, a))) << print(a) << "  and  " << print(b);
      ASSERT_EQ(compare(a, b) == 0, print(a) == print(b)) << print(a) << "  and  " << print(b);
      if (compare(a, b) <= 0 && compare(b, c) <= 0) {
        ASSERT_LE(compare(a, c), 0) << print(a) << ", " << print(b) << ", " << print(c);
      }
    }
  }
}

}  // namespace
}  // namespace weft::expr
