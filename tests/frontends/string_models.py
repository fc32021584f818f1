"""string_models.py OUTDIR: models whose values are strings, with seeded weights.

OUTDIR/NAME.onnx
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(5)
STRING, FLOAT, INT64, BOOL = TensorProto.STRING, TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
node = helper.make_node


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def strings(name, *texts):
    return helper.make_tensor(name, STRING, [len(texts)], [text.encode() for text in texts])


def numbers(name, array):
    return numpy_helper.from_array(array, name)


def classifier():
    """Words -> which kind of text it is: stop words out, lower case, counts of words and pairs of words, a linear layer."""
    words = ["goal", "match", "team", "vote", "party", "law", "cell", "gene", "für"]
    pairs = ["goal", "match", "vote", "law", "cell", "gene"]
    nodes = [
        node("StringNormalizer", ["words"], ["plain"], case_change_action="LOWER", is_case_sensitive=0, locale="C",
             stopwords=["The", "a", "OF", "and"]),
        node("TfIdfVectorizer", ["plain"], ["counts"], mode="TFIDF", min_gram_length=1, max_gram_length=2, max_skip_count=1,
             ngram_counts=[0, len(words)], ngram_indexes=list(range(len(words) + 3)), pool_strings=words + pairs,
             weights=[float(w) for w in random.uniform(0.5, 2, len(words) + 3)]),
        node("Unsqueeze", ["counts", "zero"], ["row"]), node("MatMul", ["row", "w"], ["linear"]), node("Add", ["linear", "b"], ["scores"]),
        node("Softmax", ["scores"], ["probabilities"], axis=1), node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
        node("Gather", ["labels", "best"], ["label"], axis=0),
    ]
    initializers = [
        numbers("zero", np.array([0], np.int64)), numbers("w", random.standard_normal((len(words) + 3, 3)).astype(np.float32)),
        numbers("b", random.standard_normal(3).astype(np.float32)), strings("labels", "sport", "politics", "biology"),
    ]
    return [value("words", STRING, "n")], [value("label", STRING, 1), value("probabilities", FLOAT, 1, 3), value("plain", STRING, None)], nodes, initializers


def building():
    """Strings that are put together, compared, chosen and taken apart."""
    nodes = [
        node("StringConcat", ["first", "second"], ["both"]), node("Equal", ["both", "known"], ["same"]),
        node("Where", ["same", "known", "both"], ["chosen"]), node("Concat", ["chosen", "both"], ["all"], axis=0),
        node("StringSplit", ["chosen"], ["parts", "counts"], delimiter="-"), node("StringSplit", ["first"], ["words", "word_counts"], maxsplit=2),
        node("RegexFullMatch", ["both"], ["match"], pattern=r"[a-zß\-]+\d{1,3}"),
    ]
    outputs = [value("all", STRING, 6, 2), value("same", BOOL, 3, 2), value("parts", STRING, 3, 2, None), value("counts", INT64, 3, 2),
               value("words", STRING, 3, 1, None), value("word_counts", INT64, 3, 1), value("match", BOOL, 3, 2)]
    return [value("first", STRING, 3, 1), value("second", STRING, 2)], outputs, nodes, [strings("known", "a-1", "zz")]


def numbers_of():
    """Strings that are numbers, and those that are distinct."""
    nodes = [node("Cast", ["texts"], ["floats"], to=FLOAT), node("Cast", ["whole"], ["integers"], to=INT64),
             node("Unique", ["texts"], ["distinct", "first", "place", "times"], sorted=1), node("Cast", ["integers"], ["back"], to=STRING)]
    outputs = [value("floats", FLOAT, 4), value("integers", INT64, 2), value("distinct", STRING, None), value("first", INT64, None),
               value("place", INT64, 4), value("times", INT64, None), value("back", STRING, 2)]
    return [value("texts", STRING, 4), value("whole", STRING, 2)], outputs, nodes, []


def categories():
    """Words to integers, by one mapping, and to words, by another: what is in no list, both ways."""
    nodes = [node("CategoryMapper", ["words"], ["places"], domain="ai.onnx.ml", cats_int64s=[3, 5, 9], cats_strings=["cat", "dog", "hen"], default_int64=-7),
             node("CategoryMapper", ["places"], ["names"], domain="ai.onnx.ml", cats_int64s=[5, 3], cats_strings=["hund", "katze"], default_string="tier")]
    return [value("words", STRING, 2, 3)], [value("places", INT64, 2, 3), value("names", STRING, 2, 3)], nodes, []


def adding():
    """What no operator set allows."""
    return [value("x", STRING, 2)], [value("y", STRING, 2)], [node("Add", ["x", "x"], ["y"])], []


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, make in (("classifier", classifier), ("building", building), ("numbers", numbers_of), ("categories", categories), ("adding", adding)):
        inputs, outputs, nodes, initializers = make()
        graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 1)], ir_version=9), out / f"{name}.onnx")


if __name__ == "__main__":
    main()
