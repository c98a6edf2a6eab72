"""Models as estimators of scikit-learn."""

from ..legacy import attributes
from .estimators import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

__getattr__ = attributes(__name__)
