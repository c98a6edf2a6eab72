"""One training for each kind of input: the numbers are those of plain arrays."""

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from grain import DataLoader as GrainLoader
from grain import MapDataset
from grain.samplers import IndexSampler
from grain.transforms import Batch

import kerasish as keras
from kerasish.data import adapt

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = np.random.default_rng(0).random((12, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
FRAME = pd.DataFrame(X, columns=list("abc"))
SIZE = 4


def batches():
    for start in range(0, len(X), SIZE):
        yield X[start : start + SIZE], Y[start : start + SIZE]


class Rows:
    """Samples by their number, as Grain and torch read them."""

    def __len__(self):
        return len(X)

    def __getitem__(self, index):
        return X[index], Y[index]


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return len(X) // SIZE

    def __getitem__(self, index):
        return list(batches())[index]


class Tensor:
    """A tensor of torch: `__array__` fails while it records gradients."""

    def __init__(self, array):
        self.array, self.dtype = array, "torch.float32"

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.array

    def __array__(self, *_, **__):
        raise RuntimeError("call detach first")


class TorchLoader:
    """A DataLoader of torch: lists of tensors; `len` fails for an IterableDataset."""

    def __init__(self, lengthy):
        self.lengthy = lengthy

    def __len__(self):
        if not self.lengthy:
            raise TypeError("object of type 'IterableDataset' has no len()")
        return len(X) // SIZE

    def __iter__(self):
        return ([Tensor(x), Tensor(y)] for x, y in batches())


class TensorFlowTensor:
    """A tensor of TensorFlow, which knows `__array__`."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def __array__(self, dtype=None, copy=None):
        return self.array


class TensorFlowDataset:
    """A `tf.data.Dataset`: whether it has a length is known when it is asked for."""

    def __len__(self):
        raise TypeError("The dataset is infinite.")

    def __iter__(self):
        return (tuple(map(TensorFlowTensor, batch)) for batch in batches())


class Polars:
    """A data frame or series of polars."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape
        if array.ndim > 1:
            self.columns = ["a", "b", "c"][: array.shape[1]]

    def to_numpy(self):
        return self.array


def memory_map(folder):
    kept = np.memmap(folder / "x", "float32", "w+", shape=X.shape)
    kept[:] = X
    return kept


def hdf5(folder):
    file = h5py.File(folder / "data.h5", "w")
    file["x"], file["y"] = X, Y
    return file["x"], file["y"]


def grain_loader(_):
    order = IndexSampler(len(X), shuffle=False, num_epochs=1, seed=0)
    return GrainLoader(data_source=Rows(), sampler=order, operations=[Batch(SIZE)])


ARRAYS = {
    "lists": lambda _: (X.tolist(), Y.tolist()),
    "arrays of the backend": lambda _: (keras.ops.array(X), keras.ops.array(Y)),
    "a list of one": lambda _: ([X], [Y]),
    "a tuple of one": lambda _: ((X,), (Y,)),
    "by name": lambda _: ({"point": X}, Y),
    "by name, more than needed": lambda _: ({"other": Y, "point": X}, Y),
    "memory map": lambda folder: (memory_map(folder), Y),
    "HDF5": hdf5,
    "frame and series": lambda _: (FRAME, pd.Series(Y[:, 0])),
    "frames": lambda _: (FRAME, pd.DataFrame(Y)),
    "frame with own dtypes": lambda _: (FRAME.convert_dtypes(), Y),
    "polars": lambda _: (Polars(X), Polars(Y[:, 0])),
    "tensors of torch": lambda _: (Tensor(X), Tensor(Y)),
    "tensors of TensorFlow": lambda _: (TensorFlowTensor(X), TensorFlowTensor(Y)),
    "sparse rows": lambda _: (scipy.sparse.csr_matrix(X), Y),
    "sparse columns": lambda _: (scipy.sparse.csc_array(X), Y),
    "sparse coordinates": lambda _: (scipy.sparse.coo_array(X), Y),
}
SOURCES = {
    "generator": lambda _: batches(),
    "iterator": lambda _: map(tuple, batches()),
    "zip": lambda _: zip(np.split(X, 3), np.split(Y, 3)),
    "data set": lambda _: Batches(),
    "data set with workers": lambda _: Batches(workers=2),
    "batches of frames": lambda _: ((pd.DataFrame(x), y) for x, y in batches()),
    "sparse batches": lambda _: ((scipy.sparse.csr_array(x), y) for x, y in batches()),
    "batches by name": lambda _: (({"point": x}, y) for x, y in batches()),
    "torch": lambda _: TorchLoader(True),
    "torch without length": lambda _: TorchLoader(False),
    "TensorFlow": lambda _: TensorFlowDataset(),
    "Grain map": lambda _: MapDataset.source(Rows()).batch(SIZE),
    "Grain iterator": lambda _: MapDataset.source(Rows()).to_iter_dataset().batch(SIZE),
    "Grain loader": grain_loader,
}


@pytest.fixture(scope="module")
def model():
    layers = [keras.Input((3,), name="point"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


@pytest.fixture(scope="module")
def numbers(model):
    start = model.get_weights()

    def run(make):
        """Losses of two epochs, the loss after them, and predictions."""
        model.set_weights(start)
        # arrays are cut into batches; sources bring theirs
        first = make()
        options = {"batch_size": SIZE} if first[1] is not None else {}
        options |= {"verbose": 0}
        losses = []
        for x, y in (first, make()):
            losses += model.fit(x, y, shuffle=False, **options).history["loss"]
        losses.append(model.evaluate(*make(), **options))
        return losses, model.predict(make()[0], **options)

    return run


@pytest.fixture(scope="module")
def expected(numbers):
    return numbers(lambda: (X, Y))


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(kind, numbers, expected, tmp_path, close):
    made = ARRAYS[kind](tmp_path)
    close(numbers(lambda: made), expected)


@pytest.mark.parametrize("kind", SOURCES)
def test_sources_of_batches(kind, numbers, expected, tmp_path, close):
    close(numbers(lambda: (SOURCES[kind](tmp_path), None)), expected)


def test_grain_begins_each_epoch_anew(model):
    source = MapDataset.source(Rows()).batch(SIZE)
    history = model.fit(source, epochs=2, validation_data=source, verbose=0).history
    assert len(history["loss"]) == len(history["val_loss"]) == 2
    assert adapt(source).steps == 3 and adapt(TorchLoader(False)).steps is None


def test_numbers_in_a_row():
    assert adapt(range(5), batch_size=5).x.tolist() == [0, 1, 2, 3, 4]


class LazyFrame:
    def collect(self):
        return FRAME


@pytest.mark.parametrize(
    "x,error,text",
    [
        (LazyFrame(), TypeError, r"`x` should be an array.*Call its `collect\(\)`"),
        ({1, 2}, TypeError, r"`x` should be an array.*not \{1, 2\} of type `set`\.$"),
        (np.array(["a", "b"]), ValueError, "`x` holds strings.*TextVectorization"),
        ({"dot": X}, ValueError, r"named \['point'\]; missing are \['point'\], got"),
        ([X, X], ValueError, r"expects 1 input\(s\) named \['point'\], but it got 2"),
        (FRAME.assign(b="red"), ValueError, "column 'b' holds 'red' of type `str`"),
        (FRAME.assign(c=pd.Timestamp(0)), ValueError, "column 'c' holds Timestamp"),
    ],
)
def test_what_is_no_input(x, error, text, model):
    with pytest.raises(error, match=text):
        model.predict(x, verbose=0)
