// One token at a time: compute_single and its kin for models whose input is the ids of tokens and whose
// output is a score for each token that may come next.
//
// A model that keeps states (a decoder's cache; weft compile --state) is given what it has not seen: the
// prompt, in as many runs as its input needs, then each token that was chosen. Any other model is given all
// tokens again each time.
//
//   step() without a prompt                                  invalid_argument
//   a token that ends it was chosen, or there are enough     end_of_sequence, until the next prompt
//   no room for the prompt                                   prompt_too_long
//   no room for one more token                               context_full
//   what the run answers                                     as it is
// A step that fails runs nothing twice: the next one goes on where it stopped.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "nn/backend.hpp"
#include "nn/sampler.hpp"
#include "nn/token_options.hpp"

namespace weft::nn {

/// How a model makes tokens.
struct TokenPorts {
  uint32_t tokens = 0;  ///< input: i64 or i32 [1, …, n]
  uint32_t logits = 0;  ///< output: f32 […, vocabulary], the last row of which is for the next token
  DType dtype = DType::i64;
  uint32_t rank = 1;
  Range count;  ///< of tokens in a run
  bool keeps_states = false;
};

/// invalid_argument for a port that the options name and the model does not have in this form;
/// unsupported_operation for a model that makes no tokens.
Outcome<TokenPorts> find_token_ports(const Model& model, const TokenOptions& options);

class TokenLoop {
 public:
  TokenLoop(const TokenPorts& ports, const TokenOptions& options)
      : ports_(ports),
        end_(options.end),
        most_(options.most),
        sampler_(options.temperature, options.top_k, options.seed) {}

  const TokenPorts& ports() const { return ports_; }
  /// Whether `tensor` is a prompt, though longer than what a run takes.
  bool takes_in_pieces(const TensorView& tensor) const;

  /// Ids of the port's dtype. What was to be run is forgotten.
  void begin(std::span<const uint8_t> ids);
  /// What was set is run by others: there is no prompt.
  void forget();
  /// As if nothing had been; random choices too.
  void reset();

  /// One token more. `run` runs the instance and answers for it.
  using Run = std::function<Outcome<void>()>;
  Outcome<void> step(Instance& instance, const Run& run);
  /// The id that the last step() chose: [1], of the port's dtype. runtime_error: none did.
  Outcome<TensorView> token() const;

 private:
  Outcome<void> run_pending(Instance& instance, const Run& run);
  Outcome<void> feed(Instance& instance, const Run& run, size_t count);
  std::unexpected<Error> ended(std::string text);

  TokenPorts ports_;
  std::vector<int64_t> end_;
  std::optional<uint64_t> most_;
  Sampler sampler_;
  std::vector<uint8_t> pending_;  // ids, to be run next
  std::vector<uint8_t> token_;    // of the last step; empty: none
  uint64_t made_ = 0;             // since the prompt
  bool in_prompt_ = false;
  bool ended_ = false;
};

}  // namespace weft::nn
