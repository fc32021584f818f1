"""ml_models.py OUTDIR: models of scikit-learn, seeded, through skl2onnx, with a symbolic batch; operators of ai.onnx.ml that
scikit-learn does not write, by hand. For a comparison with ONNX Runtime (tests/node/ml.test.mjs).

OUTDIR/NAME.onnx, OUTDIR/index.json: [{"name", "reference", "input", "dtype": f32 | i64, "has_holes", "outputs": [name, …]}]; ONNX
Runtime runs `reference`. OUTDIR/rows.f32: rows of FEATURES numbers, for all models.
"""
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.base import is_classifier
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (GradientBoostingClassifier, GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor,
                              IsolationForest, RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (Binarizer, KBinsDiscretizer, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures,
                                   StandardScaler)
from sklearn.svm import SVC, SVR, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")
RANDOM = np.random.default_rng(23)
ROWS, FEATURES = 400, 4
X = RANDOM.standard_normal((ROWS, FEATURES)).astype(np.float32)
TARGET = (np.sin(X[:, 0] * 2) + X[:, 1] * X[:, 2] + 0.3 * X[:, 3]).astype(np.float32)
TWO = (TARGET > 0).astype(np.int64) * 4 + 3  # labels 3 and 7
THREE = np.digitize(TARGET, [-0.5, 0.5]).astype(np.int64) * 10 - 10  # -10, 0, 10
HOLES = np.where(RANDOM.random(X.shape) < 0.2, np.nan, X).astype(np.float32)
CATEGORIES = RANDOM.integers(0, 5, (ROWS, FEATURES)).astype(np.int64)
TREES = {"n_estimators": 12, "random_state": 5}


def two_and_three(name, make):
    return {f"{name}_two": (make(), X, TWO), f"{name}_three": (make(), X, THREE)}


def models():
    """Name -> model, what it is fitted to."""
    made = {
        **two_and_three("logistic", lambda: LogisticRegression(max_iter=300)),
        **two_and_three("linear_svc", lambda: LinearSVC(random_state=3)),
        **two_and_three("svc_rbf", lambda: SVC(kernel="rbf")),
        **two_and_three("svc_probability", lambda: SVC(kernel="rbf", probability=True, random_state=5)),
        **two_and_three("svc_poly", lambda: SVC(kernel="poly", degree=3, coef0=0.5)),
        **two_and_three("svc_sigmoid", lambda: SVC(kernel="sigmoid", gamma=0.1)),
        **two_and_three("random_forest", lambda: RandomForestClassifier(max_depth=6, **TREES)),
        **two_and_three("gradient_boosting", lambda: GradientBoostingClassifier(max_depth=3, **TREES)),
        **two_and_three("hist_gradient_boosting", lambda: HistGradientBoostingClassifier(max_iter=12, random_state=5)),
        **two_and_three("tree", lambda: DecisionTreeClassifier(max_depth=5, random_state=2)),
        **two_and_three("naive_bayes", lambda: GaussianNB()),
        **two_and_three("mlp", lambda: MLPClassifier((12, 8), max_iter=60, random_state=4)),
        "linear_regression": (LinearRegression(), X, TARGET),
        "svr_rbf": (SVR(kernel="rbf"), X, TARGET),
        "svr_poly": (SVR(kernel="poly", degree=2), X, TARGET),
        "random_forest_regressor": (RandomForestRegressor(max_depth=6, **TREES), X, TARGET),
        "gradient_boosting_regressor": (GradientBoostingRegressor(**TREES), X, TARGET),
        "hist_gradient_boosting_regressor": (HistGradientBoostingRegressor(max_iter=12, random_state=5), HOLES, TARGET),
        "isolation_forest": (IsolationForest(n_estimators=8, max_samples=64, random_state=5), X, None),
        "one_class": (OneClassSVM(gamma=0.2, nu=0.2), X, None),
        "kmeans": (KMeans(4, n_init=2, random_state=6), X, None),
        "neighbours": (KNeighborsClassifier(3), X[:80], THREE[:80]),
        "neighbours_regressor": (KNeighborsRegressor(3), X[:80], TARGET[:80]),
        "scaled": (make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(max_iter=300)), X, THREE),
        "imputed": (make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler(), GradientBoostingClassifier(**TREES)), HOLES, TWO),
        "one_hot": (make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=300)), CATEGORIES, THREE),
        "ordinal": (OrdinalEncoder(), CATEGORIES, None),
        "bins": (KBinsDiscretizer(5, encode="ordinal", quantile_method="averaged_inverted_cdf"), X, None),
        "binarized": (make_pipeline(Binarizer(threshold=0.2), RandomForestClassifier(max_depth=4, **TREES)), X, TWO),
        "columns": (make_pipeline(ColumnTransformer([("scaled", StandardScaler(), [0, 2]), ("norm", Normalizer("l1"), [1, 3])]),
                                  RandomForestClassifier(max_depth=4, **TREES)), X, THREE),
    }
    for norm in ("l1", "l2", "max"):
        made[f"normalized_{norm}"] = (Normalizer(norm), X, None)
    return made


def make_attribute(name, value, *more, plain=helper.make_attribute):
    """As onnx has it, but flags may be booleans: skl2onnx writes such for trees of histograms."""
    flags = isinstance(value, (list, tuple, np.ndarray)) and any(isinstance(each, (bool, np.bool_)) for each in value)
    return plain(name, [int(flag) for flag in value] if flags else value, *more)


helper.make_attribute = make_attribute


def convert(model, fitted, target, zipmap=False):
    model.fit(fitted, target) if target is not None else model.fit(fitted)
    has_map = is_classifier(model) and not isinstance(model, LinearSVC)
    kind = FloatTensorType if fitted.dtype == np.float32 else Int64TensorType
    made = to_onnx(model, initial_types=[("x", kind([None, FEATURES]))], options={"zipmap": zipmap} if has_map else None,
                   target_opset={"": 18, "ai.onnx.ml": 3})
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    return made


def with_transform(model, transform):
    """The classifier alone, with another post_transform."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    node = changed.graph.node[0]
    next(a for a in node.attribute if a.name == "post_transform").s = transform.encode()
    del changed.graph.node[1:], changed.graph.output[:]
    changed.graph.output.extend(helper.make_tensor_value_info(name, kind, None)
                                for name, kind in zip(node.output, (TensorProto.INT64, TensorProto.FLOAT)))
    return changed


def by_hand(op, outputs, dtype=TensorProto.FLOAT, **attributes):
    """One operator of ai.onnx.ml on all features."""
    node = helper.make_node(op, ["x"], list(outputs), domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], op, [helper.make_tensor_value_info("x", dtype, ["batch", FEATURES])],
                              [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=9)


def hand_made():
    floats = lambda *shape: RANDOM.standard_normal(int(np.prod(shape))).astype(np.float32).tolist()
    scores = {"label": TensorProto.INT64, "scores": TensorProto.FLOAT}
    made = {}
    for transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        made[f"linear_classifier_{transform.lower()}"] = by_hand(
            "LinearClassifier", scores, coefficients=floats(3, FEATURES), intercepts=floats(3), classlabels_ints=[5, 2, 9], post_transform=transform)
        made[f"linear_one_score_{transform.lower()}"] = by_hand(
            "LinearClassifier", scores, coefficients=floats(FEATURES), intercepts=floats(1), classlabels_ints=[5, 2], post_transform=transform)
    for transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        made[f"svm_linear_mode_{transform.lower()}"] = by_hand(
            "SVMClassifier", scores, coefficients=floats(3, FEATURES), rho=floats(1), classlabels_ints=[5, 2, 9], post_transform=transform,
            kernel_params=[0.0, 0.0, 0.0])
    made["probit"] = by_hand("LinearRegressor", {"y": TensorProto.FLOAT}, coefficients=[0.01, 0.02, -0.01, 0.02], intercepts=[0.85], post_transform="PROBIT")
    made["normalizer_max"] = by_hand("Normalizer", {"y": TensorProto.FLOAT}, norm="MAX")
    made["imputer_integers"] = by_hand("Imputer", {"y": TensorProto.INT64}, TensorProto.INT64, imputed_value_int64s=[7, 8, 9, 10], replaced_value_int64=2)
    made["labels_float"] = by_hand("LabelEncoder", {"y": TensorProto.FLOAT}, TensorProto.INT64, keys_int64s=[3, 1, 0], values_floats=[0.5, 1.5, -2.0],
                                   default_float=9.0)
    made["labels_int"] = by_hand("LabelEncoder", {"y": TensorProto.INT64}, TensorProto.INT64, keys_int64s=[4, 1, 2], values_int64s=[10, 20, 30])
    made["one_hot_cats"] = by_hand("OneHotEncoder", {"y": TensorProto.FLOAT}, TensorProto.INT64, cats_int64s=[4, 0, 2])
    made["features"] = by_hand("FeatureVectorizer", {"y": TensorProto.FLOAT}, inputdimensions=[3])
    return made


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    RANDOM.standard_normal((64, FEATURES)).astype("<f4").tofile(out / "rows.f32")
    index = []
    fitted = models()
    made = {name: convert(*parts) for name, parts in fitted.items()} | hand_made()
    for name in ("svc_rbf_two", "tree_two", "gradient_boosting_two", "svc_rbf_three", "random_forest_three"):
        for transform in ("NONE", "LOGISTIC", "SOFTMAX"):
            made[f"{name}_{transform.lower()}"] = with_transform(made[name], transform)
    made["zip_map"] = convert(*fitted["logistic_three"], zipmap=True)
    for name, model in made.items():
        onnx.save(model, str(out / f"{name}.onnx"))
        kind = model.graph.input[0].type.tensor_type.elem_type
        index.append({"name": name, "reference": "logistic_three" if name == "zip_map" else name, "input": model.graph.input[0].name,
                      "dtype": "f32" if kind == TensorProto.FLOAT else "i64", "has_holes": name in fitted and fitted[name][1] is HOLES,
                      "outputs": [o.name for o in model.graph.output]})
    (out / "index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
