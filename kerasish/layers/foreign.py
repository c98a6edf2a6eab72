"""Layers that wrap what other frameworks made, where they need another backend."""

from typing import Any

from .layer import Layer

__all__ = ["TFSMLayer", "TorchModuleWrapper"]


class TFSMLayer(Layer):
    """A SavedModel of TensorFlow as a layer: only TensorFlow can run one.

    Args:
        filepath: folder of the SavedModel.
        call_endpoint, call_training_endpoint, trainable, name, dtype: as in Keras.

    Raises:
        NotImplementedError: always; the message says what to do instead.

    Example:
        >>> keras.layers.TFSMLayer("model")
        Traceback (most recent call last):
        NotImplementedError: `TFSMLayer` runs SavedModels, for which TensorFlow is ...
    """

    def __init__(
        self,
        filepath: str,
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        raise NotImplementedError(
            "`TFSMLayer` runs SavedModels, for which TensorFlow is needed; there is no "
            f"such backend. To use {str(filepath)!r}, save the model that it was made "
            "from as a `.keras` or `.h5` file and load that with "
            "`saving.load_model`."
        )

    def call(self, inputs: Any, training: bool = False, **kwargs: Any) -> Any:
        """Never reached."""
        raise NotImplementedError


class TorchModuleWrapper(Layer):
    """A module of PyTorch as a layer: only a backend of PyTorch can run one.

    Args:
        module: a `torch.nn.Module`.
        name, output_shape: as in Keras.

    Raises:
        NotImplementedError: always; the message says what to do instead.

    Example:
        >>> keras.layers.TorchModuleWrapper(None)
        Traceback (most recent call last):
        NotImplementedError: `TorchModuleWrapper` runs modules of PyTorch, for which ...
    """

    def __init__(
        self,
        module: Any,
        name: str | None = None,
        output_shape: Any = None,
        **kwargs: Any,
    ) -> None:
        raise NotImplementedError(
            "`TorchModuleWrapper` runs modules of PyTorch, for which a backend of "
            f"PyTorch is needed; this one cannot run {type(module).__name__}. Make the "
            "same layers here and give them the module's weights with `set_weights`: "
            "kernels of `torch.nn.Linear` are transposed."
        )

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Never reached."""
        raise NotImplementedError
