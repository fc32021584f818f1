// What the sentences of examples/search/corpus.txt answer, without a word in common.
export const ANSWERS = {
  "how do insects communicate?": /^Bees tell each other/,
  "deadlock": /^Two threads that wait/,
  "injury treatment": /bandage/,
  "sport result": /lost its lead/,
  "astronomy": /^The telescope/,
  "can I return what I bought?": /unworn shoes/,
  "renewable energy": /^Solar panels/,
};
