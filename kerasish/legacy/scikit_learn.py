"""`keras.wrappers.scikit_learn` of Keras 1 and 2: estimators made from `build_fn`.

New code is better off with `kerasish.wrappers`.
"""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..models import Model
from ..names import did_you_mean
from ..utils import to_categorical
from ..wrappers.estimators import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    loss_name,
    need_package,
)

__all__ = ["KerasClassifier", "KerasRegressor"]

OLD_NAMES = {"nb_epoch": "epochs"}


class BaseWrapper(BaseEstimator):
    """What both have in common.

    Args:
        build_fn: a function that returns a compiled model; None: the method `__call__`
            of a subclass.
        **sk_params: arguments for `build_fn`, and for `fit`, `predict` and `evaluate`
            of the model; each gets those that it takes.

    Raises:
        ValueError: for an argument that none of them takes.
    """

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        need_package(self)
        self.build_fn = build_fn
        self.sk_params = {OLD_NAMES.get(k, k): v for k, v in sk_params.items()}
        self.check_params(self.sk_params)

    def _builder(self) -> Callable[..., Any]:
        return self.__call__ if self.build_fn is None else self.build_fn

    def check_params(self, params: dict[str, Any]) -> None:
        """Raise for a name that neither the model's methods nor `build_fn` take."""
        takers: list[Any] = [Model.fit, Model.predict, Model.evaluate, self._builder()]
        known = {name for fn in takers for name in inspect.signature(fn).parameters}
        for name in params:
            if name not in known and not _takes_any(self._builder()):
                raise ValueError(
                    f"{name} is not a legal parameter: neither `build_fn` nor `fit`, "
                    "`predict` or `evaluate` of a model take it."
                    + did_you_mean(name, known)
                )

    def get_params(self, deep: bool = True, **params: Any) -> dict[str, Any]:
        """Return `build_fn` and the other arguments."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Change some of the arguments."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        params = {OLD_NAMES.get(k, k): v for k, v in params.items()}
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(
        self, fn: Any, override: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return those of the arguments that a function takes."""
        taken = self.sk_params
        if not (fn == self._builder() and _takes_any(fn)):
            names = inspect.signature(fn).parameters
            taken = {k: v for k, v in taken.items() if k in names}
        return {**taken, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Build a model and train it; return its `History`.

        Args:
            x: rows of inputs.
            y: targets; labels of a classifier, or one-hot rows.
            **kwargs: for the model's `fit`.
        """
        kwargs = {OLD_NAMES.get(k, k): v for k, v in kwargs.items()}
        builder = self._builder()
        self.model = builder(**self.filter_sk_params(builder))
        self.history = self.model.fit(
            np.asarray(x),
            self._wanted(np.asarray(y)),
            **self.filter_sk_params(Model.fit, kwargs),
        )
        return self.history

    def _wanted(self, y: np.ndarray) -> np.ndarray:
        """The targets as the model's loss wants them."""
        return y

    def _predicted(self, x: Any, **kwargs: Any) -> np.ndarray:
        options = self.filter_sk_params(Model.predict, kwargs)
        return np.asarray(self.model.predict(np.asarray(x), **options))

    def _evaluated(self, x: Any, y: Any, **kwargs: Any) -> dict[str, Any]:
        options = self.filter_sk_params(Model.evaluate, kwargs)
        y = self._wanted(np.asarray(y))
        return self.model.evaluate(np.asarray(x), y, **options, return_dict=True)


def _takes_any(fn: Any) -> bool:
    kinds = [p.kind for p in inspect.signature(fn).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A classifier made from `build_fn`, as in Keras 1 and 2.

    Args:
        build_fn: a function that returns a compiled model; None: the method `__call__`
            of a subclass.
        **sk_params: arguments for `build_fn`, and for `fit`, `predict` and `evaluate`
            of the model; each gets those that it takes.

    Raises:
        ValueError: for an argument that none of them takes.

    Example:
        >>> from kerasish.legacy.scikit_learn import KerasClassifier
        >>> def build(units=1):
        ...     dense = keras.layers.Dense(units, "sigmoid", kernel_initializer="zeros")
        ...     model = keras.Sequential([keras.Input((1,)), dense])
        ...     model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        ...     return model
        >>> classifier = KerasClassifier(build, nb_epoch=2, verbose=0)
        >>> history = classifier.fit([[-1.0], [1.0]], ["no", "yes"])
        >>> classifier.predict([[-3.0], [2.0]]).tolist()
        ['no', 'yes']
    """

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_ = np.unique(y)
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def _wanted(self, y: np.ndarray) -> np.ndarray:
        if y.ndim == 2 and y.shape[1] > 1:
            return y
        y = y.reshape(len(y))
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"`y` has classes {unknown.tolist()}, of which `fit` saw none: it had "
                f"{self.classes_.tolist()}."
            )
        numbers = np.searchsorted(self.classes_, y)
        if loss_name(self.model.loss) in ("categorical_crossentropy",
                                          "categoricalcrossentropy"):  # fmt: skip
            return to_categorical(numbers, self.n_classes_)
        return numbers

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the most probable label of each row."""
        return self.classes_[self.predict_proba(x, **kwargs).argmax(-1)]

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the probabilities of the classes: (rows, classes)."""
        p = self._predicted(x, **kwargs)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the accuracy, which must be among the metrics of the model.

        Raises:
            ValueError: if it is not.
        """
        found = self._evaluated(x, y, **kwargs)
        for name, value in found.items():
            if name in ("acc", "accuracy"):
                return value
        raise ValueError(
            "The model is not configured to compute accuracy. Pass "
            f"`metrics=['accuracy']` to `model.compile()`; it has {list(found)}."
        )


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A regressor made from `build_fn`, as in Keras 1 and 2.

    Args:
        build_fn: a function that returns a compiled model; None: the method `__call__`
            of a subclass.
        **sk_params: arguments for `build_fn`, and for `fit`, `predict` and `evaluate`
            of the model; each gets those that it takes.

    Raises:
        ValueError: for an argument that none of them takes.

    Example:
        >>> from kerasish.legacy.scikit_learn import KerasRegressor
        >>> def build():
        ...     model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        ...     model.compile(keras.optimizers.SGD(0.1), "mse")
        ...     return model
        >>> regressor = KerasRegressor(build, epochs=100, verbose=0)
        >>> history = regressor.fit([[-1.0], [0.0], [1.0]], [1.0, 3.0, 5.0])
        >>> regressor.predict([[2.0]]).round(3).tolist()
        [7.0]
    """

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return one number for each row, or a row of them."""
        return np.squeeze(self._predicted(x, **kwargs), -1)

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the loss on data, with a minus: more is better."""
        return -self._evaluated(x, y, **kwargs)["loss"]
