"""A gradient-boosted regressor of scikit-learn, fitted to seeded data, through skl2onnx. features f32[rows, 12] -> variable f32[rows, 1]."""
import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingRegressor

FEATURES = 12


def make(seed=2026):
    random = np.random.Generator(np.random.PCG64(seed))
    x = random.standard_normal((600, FEATURES)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + (x[:, 3] > 0.5) + 0.1 * random.standard_normal(600)
    model = GradientBoostingRegressor(n_estimators=120, max_depth=4, random_state=seed).fit(x, y)
    made = to_onnx(model, initial_types=[("features", FloatTensorType([None, FEATURES]))], target_opset={"": 17, "ai.onnx.ml": 3})
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "rows"
    return made
