"""What all models of images share: arguments, input, top, weights, signature."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import config, layers, tree
from ..graph import is_symbolic, toposort
from ..models import Model
from ..utils import get_file
from ..variable import undrawn
from .files import FILES, HOST, known_hash

__all__: list[str] = []

DOC = """{first}

    {more}

    Args:
        include_top: with the layers that tell the classes apart.
        weights: `None` (drawn), `"imagenet"` (from the folder `models` of the cache,
            else fetched and verified), or the path of a file of weights.
        input_tensor: a symbolic tensor to start from, in place of a new input.
        input_shape: sizes of an image; default: {size}.
        pooling: without top: `None` (4 axes), `"avg"` or `"max"` over the image.
        classes: how many the top tells apart.
        classifier_activation: of the top; `None` for logits.
        name: of the model.{others}

    Returns:
        A functional `Model`.

    Raises:
        ValueError: an image too small, another number of channels or classes than the
            weights have, an unknown `weights` or `pooling`.
        FileNotFoundError: `"imagenet"` where its file is neither there nor to be had.
    """


@dataclass
class Wish:
    """The arguments that a model was asked for with; see `DOC`."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str


@dataclass
class Plan:
    """What a family is made of.

    Args:
        features: what comes between the input and the top, of a tensor.
        size: rows and columns of an image, by default and for the weights.
        smallest: how few rows and columns an image may have.
        file: the key of `FILES`, and what its name is filled with.
        top: makes predictions of features.
        pools: names of the layers that pool; default: automatic ones.
        sized: the size must be known, without top too.
        last: comes at the end where there is no top.
        trained: replaces `features` for the weights "imagenet".
    """

    features: Callable[[Any], Any]
    size: int | None = 224
    smallest: int = 32
    file: tuple[str, ...] = ()
    top: "Callable[[Any, Wish], Any] | None" = None
    pools: tuple[str | None, str | None] = (None, None)
    sized: bool = False
    last: Callable[[Any], Any] | None = None
    trained: Callable[[Any], Any] | None = None


def assembled(wish: Wish, plan: Plan) -> Model:
    """Make the model, with its weights."""
    _check(wish)
    with undrawn():  # what a file holds need not be drawn before
        x = inputs = wish.input_tensor
        if inputs is None:
            x = inputs = layers.Input(image_shape(wish, plan))
        else:
            image_shape(wish, plan)
            inputs = _sources(inputs)
        trained = wish.weights == "imagenet" and plan.trained
        x = trained(x) if trained else plan.features(x)
        if wish.include_top:
            x = (plan.top or dense_top)(x, wish)
        else:
            x = _pooled(x, wish, plan)
        model = Model(inputs, x, name=wish.name)
        if wish.weights is not None:
            model.load_weights(_file(wish, plan))
    return model


# --- checks and input ----------------------------------------------------------------


def _check(wish: Wish) -> None:
    weights, top = wish.weights, wish.include_top
    if weights not in (None, "imagenet") and not os.path.exists(weights):
        raise ValueError(
            f"`weights` of `{wish.name}` must be None, 'imagenet' or the path of a "
            f"file; there is no file {weights!r}."
        )
    if weights == "imagenet" and top and wish.classes != 1000:
        raise ValueError(
            f"The weights 'imagenet' tell 1000 classes apart, got `classes="
            f"{wish.classes}`. Use `include_top=False` and a top of your own."
        )
    if weights == "imagenet" and top and not _is_probability(wish):
        raise ValueError(
            "The weights 'imagenet' need `classifier_activation` 'softmax' or None, "
            f"got {wish.classifier_activation!r}."
        )
    if wish.pooling not in (None, "avg", "max"):
        raise ValueError(
            f"`pooling` must be None, 'avg' or 'max', got {wish.pooling!r}."
        )
    if wish.input_tensor is not None and not is_symbolic(wish.input_tensor):
        raise ValueError(
            "`input_tensor` must be symbolic, such as `keras.Input((224, 224, 3))`; "
            f"got {type(wish.input_tensor).__name__}."
        )


def _is_probability(wish: Wish) -> bool:
    activation = wish.classifier_activation
    return activation is None or getattr(activation, "__name__", activation) in (
        "softmax",
        "linear",
    )


def axis(last: int = 3) -> int:
    """Return the axis of the channels, which is `last` where they come last."""
    return last if config.image_data_format() == "channels_last" else 1


def spatial(shape: Any) -> tuple[Any, ...]:
    """Return rows and columns of a shape without the batch axis."""
    return tuple(shape[:2] if axis() == 3 else shape[1:])


def image_shape(wish: Wish, plan: Plan) -> tuple[int | None, ...]:
    """Return the shape of an image, checked."""
    unknown = not (wish.include_top or plan.sized)
    size = None if unknown else plan.size
    given = wish.input_shape
    if given is None:
        return (size, size, 3) if axis() == 3 else (3, size, size)
    given = tuple(given)
    if len(given) != 3:
        raise ValueError(
            f"`input_shape` of `{wish.name}` must have three sizes (rows, columns and "
            f"channels), got {given}."
        )
    if any(n is not None and n < plan.smallest for n in spatial(given)):
        raise ValueError(
            f"Images of `{wish.name}` must have {plan.smallest} x {plan.smallest} "
            f"pixels at least, got `input_shape={given}`."
        )
    if None in spatial(given) and size is not None:
        raise ValueError(
            f"`{wish.name}` must know the size of its images, got `input_shape="
            f"{given}`. Without top most models need not (`include_top=False`)."
        )
    if wish.weights == "imagenet":
        _check_trained_on(wish, plan, given)
    return given


def _check_trained_on(wish: Wish, plan: Plan, given: tuple[int | None, ...]) -> None:
    channels = given[axis(2) if axis() == 3 else 0]
    if channels != 3:
        raise ValueError(
            f"The weights 'imagenet' are for 3 channels, got `input_shape={given}`."
        )
    if wish.include_top and plan.size and spatial(given) != (plan.size, plan.size):
        raise ValueError(
            f"The weights 'imagenet' with top are for images of {plan.size} x "
            f"{plan.size} pixels, got `input_shape={given}`. Use `include_top=False`."
        )


def _sources(tensor: Any) -> Any:
    """Return the inputs that a tensor comes from: one, or a list."""
    nodes = toposort([tensor])
    found = [
        output
        for node in nodes
        if isinstance(node.operation, layers.InputLayer)
        for output in tree.flatten(node.outputs)
    ]
    return found[0] if len(found) == 1 else found


# --- parts ---------------------------------------------------------------------------


def same_padding(x: Any, kernel: int) -> tuple[tuple[int, int], ...]:
    """Return what to pad before a convolution of stride 2, so that all files fit.

    An even number of rows gets one less in front; an unknown one counts as even.
    """
    half = kernel // 2
    sizes = spatial(x.shape[1:])
    return tuple((half - 1 + (n or 0) % 2, half) for n in sizes)


def divisible(number: float, by: int = 8, least: int = 8) -> int:
    """Round a number of channels to a multiple, by at most a tenth down."""
    rounded = max(least, int(number + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * number else rounded


def dense_top(x: Any, wish: Wish, pool: str | None = "avg_pool", **options: Any) -> Any:
    """The mean over the image, then a dense layer."""
    x = layers.GlobalAveragePooling2D(name=pool)(x)
    return classifier(x, wish, **options)


def classifier(x: Any, wish: Wish, name: str = "predictions", **options: Any) -> Any:
    """The dense layer at the end."""
    activation = wish.classifier_activation
    return layers.Dense(wish.classes, activation=activation, name=name, **options)(x)


def _pooled(x: Any, wish: Wish, plan: Plan) -> Any:
    if wish.pooling == "avg":
        x = layers.GlobalAveragePooling2D(name=plan.pools[0])(x)
    elif wish.pooling == "max":
        x = layers.GlobalMaxPooling2D(name=plan.pools[1])(x)
    return plan.last(x) if plan.last else x


# --- weights -------------------------------------------------------------------------


def _file(wish: Wish, plan: Plan) -> str:
    """Return the path of the weights."""
    if wish.weights != "imagenet":
        return str(os.fspath(wish.weights))
    family, *parts = plan.file
    pattern, without_top = FILES[family]
    place = pattern.format(*parts, "" if wish.include_top else without_top)
    name = place.split("/")[-1]
    if name.startswith("NASNet"):  # Keras calls it otherwise in its cache
        return fetched(name.lower().replace("-", "_"), place, known_hash(name))
    return fetched(name, place, known_hash(name))


def fetched(name: str, place: str, expected: str | None) -> str:
    """Return the path of a file of the cache; never fetch what cannot be verified."""
    path = config.home() / "models" / name
    if expected is None:
        if path.is_file():
            return str(path)
        raise FileNotFoundError(
            f"There is no {str(path)!r}. No hash is known for {HOST + place!r}, so it "
            "is not fetched: put the file there, or give a path as `weights`."
        )
    try:
        return get_file(name, HOST + place, file_hash=expected, cache_subdir="models")
    except OSError as error:
        raise FileNotFoundError(
            f"There is no {str(path)!r} of the right hash: put the file there. {error}"
        ) from error


# --- signatures ----------------------------------------------------------------------


def public(
    function: Callable[..., Model],
    home: str,
    called: str,
    family: str,
    size: Any = "224 x 224, 3 channels",
    others: str = "",
) -> Callable[..., Model]:
    """Give a function the name and the docstring under which it is public."""
    first, _, more = family.partition("\n")
    function.__name__ = function.__qualname__ = called
    function.__module__ = home
    first = f"{called}: {first}"
    function.__doc__ = DOC.format(first=first, more=more, size=size, others=others)
    return function


def standard(
    home: str, called: str, title: str, family: str, plan: Plan
) -> Callable[..., Model]:
    """Return a function with the arguments that most models have.

    Args:
        home: the module in which it is public.
        called: its name.
        title: name of the model by default.
        family: a sentence on it, and where it was published.
        plan: what it is made of.
    """

    def model(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = title,
    ) -> Model:
        wish = Wish(
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
        )
        return assembled(wish, plan)

    size = f"{plan.size} x {plan.size}, 3 channels"
    return public(model, home, called, family, size)
