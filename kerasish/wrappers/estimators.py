"""Estimators of scikit-learn that hold a model: for pipelines, searches, validation.

scikit-learn is an extra. Without it this module can be imported; making an estimator
says what to install.
"""

from typing import Any

import numpy as np

from .. import backend, ops
from ..models import Model, clone_model

try:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as missing:
    without_it = str(missing)
    BaseEstimator = object
    ClassifierMixin = type("ClassifierMixin", (), {})
    ClassNamePrefixFeaturesOutMixin = type("ClassNamePrefixFeaturesOutMixin", (), {})
    RegressorMixin = type("RegressorMixin", (), {})
    TransformerMixin = type("TransformerMixin", (), {})
else:
    without_it = ""

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


def need_package(estimator: Any) -> None:
    """Raise if there is no scikit-learn."""
    if without_it:
        raise ImportError(
            f"{type(estimator).__name__} needs the package `scikit-learn`: "
            f'`pip install "kerasish[sklearn]"` ({without_it}).'
        )


# What `fit_kwargs` says that is of use in `predict`, too.
SHARED = ("batch_size", "verbose")


class Estimator(BaseEstimator):
    """What the estimators have in common."""

    # `fit` takes the weights of rows among its keywords: for metadata routing.
    __metadata_request__fit = {"sample_weight": None}

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        need_package(self)
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self._several_outputs
        return tags

    _several_outputs = True

    @property
    def epoch_(self) -> int:
        """Number of epochs of the last `fit`; 0 before the first."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train a new model, or with `warm_start` the one of the last `fit`.

        Args:
            X: rows of inputs, (rows, features ...).
            y: targets, one for each row.
            **kwargs: for the model's `fit`, besides `fit_kwargs`: `sample_weight`, ...

        Returns:
            The estimator.

        Raises:
            TypeError, RuntimeError: if `model` is none, or is not compiled.
        """
        again = self.warm_start and hasattr(self, "model_")
        X, y = self._checked(X, y, again)
        targets = self._encoded(y, again)
        if not again:
            self.model_ = self._new_model(X, targets)
        options = {**(self.fit_kwargs or {}), **kwargs}
        targets = self._as_loss_wants(X, targets, options)
        self.history_ = self.model_.fit(X, targets, **options)
        return self

    def _checked(self, X: Any, y: Any, again: bool) -> tuple[Any, Any]:
        return validate_data(
            self,
            X,
            y,
            reset=not again,
            allow_nd=True,
            multi_output=self._several_outputs,
            y_numeric=self._several_outputs,
        )

    def _encoded(self, y: Any, again: bool) -> Any:
        self._one_number = y.ndim == 1
        return y[:, None] if y.ndim == 1 else y

    def _as_loss_wants(self, X: Any, targets: Any, options: dict[str, Any]) -> Any:
        return targets

    def _new_model(self, X: Any, y: Any) -> Any:
        who = f"`model` of {type(self).__name__}"
        if isinstance(self.model, Model):
            _check_compiled(self.model, who)
            made = clone_model(self.model)
            made.compile_from_config(self.model.get_compile_config())
            return made
        if not callable(self.model):
            raise TypeError(
                f"{who} must be a compiled model, or a function `(X, y, **model_kwargs)"
                f"` that returns one; got {self.model!r}."
            )
        made = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not isinstance(made, Model):
            raise TypeError(
                f"{who} is a function, which must return a model; it returned {made!r}."
                " Is there a `return`?"
            )
        _check_compiled(made, f"What {who} returns")
        return made

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, allow_nd=True)
        given = self.fit_kwargs or {}
        options = {"verbose": 0, **{k: given[k] for k in SHARED if k in given}}
        return np.asarray(self.model_.predict(X, **options))

    def predict(self, X: Any) -> np.ndarray:
        """Return the model's outputs, in the shape that `y` had."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_number else outputs


def _check_compiled(model: Any, who: str) -> None:
    if not (model.compiled and model.optimizer is not None and model.loss is not None):
        raise RuntimeError(
            f"{who} must be compiled, with an optimizer and a loss: call "
            "`model.compile(optimizer, loss)` before."
        )


class SKLearnClassifier(ClassifierMixin, Estimator):
    """A classifier of scikit-learn that trains a model.

    Labels may be of any kind. They reach a function `model`, and categorical losses, as
    one-hot rows (rows, classes); sparse losses get the numbers of the classes, a model
    with one output unit and two classes gets 0 and 1.

    Args:
        model: a compiled model, of which a copy with new weights is trained; or a
            function `(X, y, **model_kwargs)` that returns a compiled model.
        warm_start: whether a further `fit` continues with the model of the last one.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`: `epochs`, `batch_size`, ...

    Attributes (after `fit`):
        model_: the trained model.
        history_: what its `fit` returned.
        classes_: the labels, sorted.
        n_features_in_: number of features.

    Example:
        >>> def network(X, y):
        ...     layers = [keras.Input(X.shape[1:]), keras.layers.Dense(y.shape[1],
        ...               activation="softmax", kernel_initializer="zeros")]
        ...     model = keras.Sequential(layers)
        ...     model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy")
        ...     return model
        >>> X, y = np.array([[-1.0], [1.0]]), np.array(["no", "yes"])
        >>> classifier = keras.wrappers.SKLearnClassifier(
        ...     network, fit_kwargs={"epochs": 3, "verbose": 0}).fit(X, y)
        >>> classifier.predict([[-3.0], [2.0]]).tolist()
        ['no', 'yes']
    """

    classes_: np.ndarray
    _several_outputs = False

    def _encoded(self, y: Any, again: bool) -> Any:
        check_classification_targets(y)
        classes = np.unique(y)
        if again:
            unknown = sorted(set(classes.tolist()) - set(self.classes_.tolist()))
            if unknown:
                raise ValueError(
                    f"{type(self).__name__} with `warm_start` was trained on the "
                    f"classes {self.classes_.tolist()}, `y` has also {unknown}."
                )
            classes = self.classes_
        self.classes_ = classes
        return np.eye(len(classes), dtype="float32")[np.searchsorted(classes, y)]

    def _as_loss_wants(self, X: Any, targets: Any, options: dict[str, Any]) -> Any:
        weights = options.get("class_weight")
        labels = self.classes_.tolist()
        if isinstance(weights, dict) and weights.keys() <= set(labels):
            named = {labels.index(label): w for label, w in weights.items()}
            options["class_weight"] = dict.fromkeys(range(len(labels)), 1.0) | named
        if "sparse" in loss_name(self.model_.loss):
            return targets.argmax(1)
        outputs = self.model_.compute_output_shape((None, *X.shape[1:]))[-1]
        if outputs == 1 and len(labels) == 2:
            return targets[:, 1:]
        if outputs != len(labels):
            raise ValueError(
                f"`model` of {type(self).__name__} has {outputs} output units, but "
                f"there are {len(labels)} classes in `y`: {labels[:10]}. Make it from a"
                " function `(X, y)`: `y.shape[1]` is the number of classes."
            )
        return targets

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes: (rows, classes).

        Outputs of a model whose loss takes logits pass through softmax or sigmoid.
        """
        return self._probabilities(self._outputs(X))

    def _probabilities(self, outputs: np.ndarray) -> np.ndarray:
        logits = getattr(self.model_.loss, "from_logits", False)
        if outputs.shape[1] == 1 and len(self.classes_) == 2:
            p = backend.to_numpy(ops.sigmoid(outputs)) if logits else outputs
            return np.concatenate([1 - p, p], 1)
        return backend.to_numpy(ops.softmax(outputs)) if logits else outputs

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the outputs of the model: (rows, classes).

        For two classes, as scikit-learn wants it, one number for each row: what the
        second class has more than the first.
        """
        outputs = self._outputs(X)
        if len(self.classes_) == 2:
            p = self._probabilities(outputs)
            return p[:, 1] - p[:, 0]
        return outputs


def loss_name(loss: Any) -> str:
    """The name of a loss, as it is or of the function or class."""
    kind = getattr(loss, "__name__", type(loss).__name__)
    return (loss if isinstance(loss, str) else kind).lower()


class SKLearnRegressor(RegressorMixin, Estimator):
    """A regressor of scikit-learn that trains a model, on one target or several.

    Targets reach the model as (rows, targets).

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as of `SKLearnClassifier`.

    Attributes (after `fit`):
        model_, history_, n_features_in_: as of `SKLearnClassifier`.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1), "mse")
        >>> X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, 3.0, 5.0])
        >>> options = {"epochs": 100, "verbose": 0}
        >>> regressor = keras.wrappers.SKLearnRegressor(model, fit_kwargs=options)
        >>> float(regressor.fit(X, y).predict([[2.0]])[0].round(3))
        7.0
    """


class SKLearnTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """A transformer of scikit-learn: the outputs of a model are the new features.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as of `SKLearnClassifier`.

    Attributes (after `fit`):
        model_, history_, n_features_in_: as of `SKLearnClassifier`.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> transformer = keras.wrappers.SKLearnTransformer(model)
        >>> X, y = np.ones((4, 3)), np.ones((4, 2))
        >>> transformer.fit(X, y, verbose=0).transform(X).shape
        (4, 2)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.target_tags.required = True
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.model_.compute_output_shape((None, self.n_features_in_))[-1]

    def transform(self, X: Any) -> np.ndarray:
        """Return the outputs of the model: (rows, new features)."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), -1)
