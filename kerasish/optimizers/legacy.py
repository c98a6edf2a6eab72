"""The optimizers of before Keras 2.11, which Keras 3 has no more."""

from typing import Any

__all__ = ["SGD", "Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop"]


class SGD:
    """Stands for each old optimizer and says where to go.

    Raises:
        ImportError: always.

    Example:
        >>> keras.optimizers.legacy.Adam()
        Traceback (most recent call last):
        ImportError: `keras.optimizers.legacy` is not supported in Keras 3. ...
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ImportError(
            "`keras.optimizers.legacy` is not supported in Keras 3. Use the optimizer "
            "of the same name in `keras.optimizers`."
        )


Adagrad = Adam = Ftrl = Optimizer = RMSprop = SGD
