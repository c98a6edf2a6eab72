"""Methods and arguments of models in Keras 1, Keras 2 and tf.keras."""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from . import prefer

__all__ = ["Methods", "accept", "model_arguments"]

# Old argument -> its name today; None: it is gone.
WORDS: dict[str, str | None] = {
    "nb_epoch": "epochs",
    "show_accuracy": None,
    **dict.fromkeys(("max_queue_size", "max_q_size", "workers", "nb_worker")),
    **dict.fromkeys(("use_multiprocessing", "pickle_safe")),
    **dict.fromkeys(("class_mode", "theano_mode", "sample_weight_mode")),
    **dict.fromkeys(("target_tensors", "distribute")),
    "experimental_run_tf_function": None,
}
ADVICE = {
    "show_accuracy": '`compile(metrics=["accuracy"])`',
    "workers": "to set `workers` of the `PyDataset`",
}
OF_SAMPLES = ("samples_per_epoch", "nb_epoch", "nb_val_samples", "val_samples")


def accept(cls: type, *methods: str) -> None:
    """Let methods of a class take older arguments, too."""
    for name in methods:
        setattr(cls, name, _accepting(getattr(cls, name)))


def _accepting(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not WORDS.keys().isdisjoint(kwargs):
            kwargs = _today(kwargs)
        return method(self, *args, **kwargs)

    return call


def _today(kwargs: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for key, value in kwargs.items():
        name = WORDS.get(key, key)
        if key in WORDS:
            advice = ADVICE.get(key, "to leave it out")
            prefer(f"the argument `{key}`", f"`{name}`" if name else advice)
        if name:
            made[name] = value
    return made


def model_arguments(
    cls: type, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Spell `Model(input=x, output=y)` as `Model(inputs=x, outputs=y)`."""
    made = {}
    for key, value in kwargs.items():
        old = key in ("input", "output")
        if old:
            prefer(f"the argument `{key}`", f"`{key}s`")
        made[f"{key}s" if old else key] = value
    return args, made


class Methods:
    """What models could do once; mixed into `Model`."""

    fit: Callable[..., Any]
    evaluate: Callable[..., Any]
    predict: Callable[..., Any]

    def predict_proba(
        self, x: Any, batch_size: int | None = None, verbose: Any = 0, **kwargs: Any
    ) -> Any:
        """Return the outputs: the same as `predict`."""
        prefer("`predict_proba`", "`predict`")
        return self.predict(x, batch_size=batch_size, verbose=verbose, **kwargs)

    def predict_classes(
        self, x: Any, batch_size: int | None = None, verbose: Any = 0, **kwargs: Any
    ) -> np.ndarray:
        """Return the classes that the outputs speak for, as integers.

        That is the place of the largest value of the last axis or, if that has one
        value only, whether it is above 1/2.

        Example:
            >>> dense = keras.layers.Dense(2, kernel_initializer="identity")
            >>> model = keras.Sequential([keras.Input((2,)), dense])
            >>> import warnings
            >>> with warnings.catch_warnings(action="ignore"):
            ...     model.predict_classes(np.array([[0.0, 1.0], [2.0, 1.0]])).tolist()
            [1, 0]
        """
        prefer("`predict_classes`", "`predict(x).argmax(-1)`")
        outputs = self.predict(x, batch_size=batch_size, verbose=verbose, **kwargs)
        if outputs.shape[-1] > 1:
            return outputs.argmax(axis=-1)
        return (outputs > 0.5).astype("int32")

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Train on batches: the same as `fit`.

        Args:
            generator, epochs, verbose, callbacks, validation_data: as in `fit`.
            steps_per_epoch, validation_steps: batches of an epoch; numbers of samples
                if another argument is one of Keras 1.
            **kwargs: as in `fit`, and those of Keras 1: `samples_per_epoch`,
                `nb_epoch`, `nb_val_samples`.
        """
        prefer("`fit_generator`", "`fit`")
        counts_samples = not set(OF_SAMPLES).isdisjoint(kwargs)
        steps = kwargs.pop("samples_per_epoch", steps_per_epoch)
        val_steps = kwargs.pop("nb_val_samples", validation_steps)
        if counts_samples:
            generator, steps = _in_steps(generator, steps)
            if val_steps is not None:
                validation_data, val_steps = _in_steps(validation_data, val_steps)
        return self.fit(
            generator,
            steps_per_epoch=steps,
            epochs=kwargs.pop("nb_epoch", epochs),
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=val_steps,
            **kwargs,
        )

    def evaluate_generator(
        self, generator: Any, steps: int | None = None, **kwargs: Any
    ) -> Any:
        """Return loss and metrics on batches: the same as `evaluate`."""
        prefer("`evaluate_generator`", "`evaluate`")
        return _on_batches(self.evaluate, generator, steps, kwargs)

    def predict_generator(
        self, generator: Any, steps: int | None = None, **kwargs: Any
    ) -> Any:
        """Return the outputs for batches: the same as `predict`."""
        prefer("`predict_generator`", "`predict`")
        return _on_batches(self.predict, generator, steps, kwargs)


def _on_batches(
    method: Callable[..., Any], source: Any, steps: Any, kwargs: dict[str, Any]
) -> Any:
    if "val_samples" in kwargs:
        source, steps = _in_steps(source, kwargs.pop("val_samples"))
    return method(source, steps=steps, **{"verbose": 0, **kwargs})


def _in_steps(source: Any, samples: Any) -> tuple[Any, int | None]:
    """Keras 1 counted samples: return the batches, and how many hold so many."""
    if samples is None or not hasattr(source, "__next__"):
        return source, None
    first = next(source)
    rows = len(tree.flatten(first)[0])
    return itertools.chain([first], source), math.ceil(samples / rows)
