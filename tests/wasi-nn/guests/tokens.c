// tokens CASE: one token at a time. "decoder" is a bundle whose cache stays in the module: runs of 1 to 8 tokens, that begin with at most 40 in
// the cache; "rereader" is the same network without a cache. What they say stands in /models/tokens.txt (models.py).
#include "kit.h"

enum { MOST = 64 };
typedef struct {
  int count;
  int64_t ids[MOST];
} Tokens;

// Lines of the file.
enum { PROMPT, BEST, DRAWN, LONG_PROMPT, LONG_BEST, LINES };
static Tokens lines[LINES];

static void read_lines(void) {
  FILE* in = fopen("/models/tokens.txt", "r");
  TRUE(in != NULL);
  if (in == NULL) exit(1);
  char text[512];
  for (int i = 0; i < LINES && fgets(text, sizeof text, in) != NULL; ++i)
    for (char* word = strtok(text, " \n"); word != NULL && lines[i].count < MOST; word = strtok(NULL, " \n"))
      lines[i].ids[lines[i].count++] = strtoll(word, NULL, 10);
  fclose(in);
}

static nn_context decoder(const char* config) {
  nn_graph graph = 0;
  REQUIRE(nn_load_by_name_with_config("decoder", 7, config, (uint32_t)strlen(config), &graph));
  return context_of(graph);
}

static uint32_t set(nn_context context, const int64_t* ids, int count) {
  const uint32_t dims[2] = {1, (uint32_t)count};
  const nn_tensor tensor = {dims, 2, NN_I64, ids, (uint32_t)count * 8};
  return nn_set_input(context, 0, &tensor);
}

static int64_t token_of(nn_context context) {
  int64_t token = -1;
  uint32_t written = 0;
  const uint32_t code = nn_get_output_single(context, 0, &token, sizeof token, &written);
  return code == NN_SUCCESS && written == sizeof token ? token : -1 - (int64_t)code;
}

/// How many of the tokens come one after the other.
static int said(nn_context context, const int64_t* expected, int count) {
  for (int i = 0; i < count; ++i)
    if (nn_compute_single(context) != NN_SUCCESS || token_of(context) != expected[i]) return i;
  return count;
}

static void best(void) {
  const nn_context context = decoder("{}");
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  check("tokens as expected", lines[BEST].count, said(context, lines[BEST].ids, lines[BEST].count));
  // There is no room for more, until the program begins anew.
  EXPECT(NN_CONTEXT_FULL, nn_compute_single(context));
  EXPECT(NN_CONTEXT_FULL, nn_compute_single(context));
  REQUIRE(nn_fini_single(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute_single(context));
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  check("tokens as expected", 10, said(context, lines[BEST].ids, 10));
}

static void drawn(void) {
  const nn_context context = decoder("{\"temp\": 0.8, \"top-k\": 8, \"seed\": 5, \"n-predict\": 20}");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
    check("tokens as expected", lines[DRAWN].count, said(context, lines[DRAWN].ids, lines[DRAWN].count));
    EXPECT(NN_END_OF_SEQUENCE, nn_compute_single(context));
    EXPECT(NN_END_OF_SEQUENCE, nn_compute_single(context));
    REQUIRE(nn_fini_single(context));
  }
}

// Longer than what a run takes.
static void pieces(void) {
  const nn_context context = decoder("");
  REQUIRE(set(context, lines[LONG_PROMPT].ids, lines[LONG_PROMPT].count));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  check("tokens as expected", lines[LONG_BEST].count, said(context, lines[LONG_BEST].ids, lines[LONG_BEST].count));
  REQUIRE(nn_fini_single(context));
  static int64_t ids[60];
  REQUIRE(set(context, ids, 60));
  EXPECT(NN_PROMPT_TOO_LONG, nn_compute_single(context));
  EXPECT(NN_PROMPT_TOO_LONG, nn_compute_single(context));
  REQUIRE(nn_fini_single(context));
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  check("tokens as expected", 5, said(context, lines[BEST].ids, 5));
}

static void ends(void) {
  char config[96];
  snprintf(config, sizeof config, "{\"tokens\": \"ids\", \"logits\": \"logits\", \"end\": [%lld, 99]}", (long long)lines[BEST].ids[6]);
  int before = 0;
  while (lines[BEST].ids[before] != lines[BEST].ids[6]) ++before;
  const nn_context context = decoder(config);
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  check("tokens as expected", before, said(context, lines[BEST].ids, before));
  EXPECT(NN_END_OF_SEQUENCE, nn_compute_single(context));
  int64_t token = 0;
  uint32_t written = 0;
  EXPECT(NN_RUNTIME_ERROR, nn_get_output_single(context, 0, &token, sizeof token, &written));
  EXPECT(NN_END_OF_SEQUENCE, nn_compute_single(context));
  // The states go on where they were with what the program says next.
  REQUIRE(set(context, &lines[BEST].ids[before], 1));
  EXPECT(NN_SUCCESS, nn_compute_single(context));
  check("the token behind the one that ended", lines[BEST].ids[before + 1], token_of(context));
}

static void mixed(void) {
  const nn_context context = decoder("{}");
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  REQUIRE(nn_compute(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute_single(context));
  REQUIRE(set(context, lines[BEST].ids, 1));
  check("tokens as expected", 5, said(context, lines[BEST].ids + 1, 5));
  float scores[32];
  uint32_t written = 0;
  REQUIRE(nn_get_output(context, 0, scores, sizeof scores, &written));
  int most = 0;
  for (int i = 0; i < 32; ++i) most = scores[i] > scores[most] ? i : most;
  check("the best by the scores of the last run", lines[BEST].ids[5], most);
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  uint8_t small[4];
  EXPECT(NN_TOO_LARGE, nn_get_output_single(context, 0, small, sizeof small, &written));
  check("bytes of a token", 8, written);
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output_single(context, 1, scores, sizeof scores, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output_single(context, 0, (void*)0xfffffff0u, 64, &written));
}

static void configurations(void) {
  static const char* const kBad[] = {"{\"tokens\": \"logits\"}", "{\"logits\": \"none\"}", "{\"tokens\": 0}", "{\"end\": \"x\"}", "{\"n-predict\": 1.5}", "{\"temp\": -1}", "{\"top-k\": -1}", "{\"seed\": null}"};
  nn_graph graph = 0;
  for (size_t i = 0; i < sizeof kBad / sizeof *kBad; ++i)
    check(kBad[i], NN_INVALID_ARGUMENT, nn_load_by_name_with_config("decoder", 7, kBad[i], (uint32_t)strlen(kBad[i]), &graph));
  decoder("{\"end\": [], \"seed\": -1, \"n-predict\": -1, \"ctx-size\": 4096}");
}

static void rereader(void) {
  const nn_context context = context_of(load("rereader"));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute_single(context));
  REQUIRE(set(context, lines[PROMPT].ids, lines[PROMPT].count));
  check("tokens as expected", 20, said(context, lines[BEST].ids, 20));
  REQUIRE(set(context, lines[LONG_PROMPT].ids, lines[LONG_PROMPT].count));
  check("tokens as expected", lines[LONG_BEST].count, said(context, lines[LONG_BEST].ids, lines[LONG_BEST].count));
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"best", best}, {"drawn", drawn}, {"pieces", pieces}, {"ends", ends}, {"mixed", mixed}, {"configurations", configurations}, {"rereader", rereader}};

int main(int argc, char** argv) {
  read_lines();
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
