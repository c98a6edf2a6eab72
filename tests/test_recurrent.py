"""Recurrent layers and wrappers: padding, states, directions, cells of one's own."""

import keras
import numpy as np
import pytest

import kerasish
from kerasish import backend

L = kerasish.layers
pytestmark = pytest.mark.usefixtures("quick_compilation")

LENGTHS = (4, 2, 3)
SEQUENCES = np.random.RandomState(0).normal(size=(3, 4, 2)).astype("float32")
FILMS = np.random.RandomState(1).normal(size=(3, 4, 5, 2)).astype("float32")


def stacked(**options):
    return L.RNN([L.LSTMCell(3), L.GRUCell(2)], **options)


def of_time(**options):
    """A layer of steps before a recurrent one: the mask must come through."""
    return kerasish.Sequential(
        [
            kerasish.Input((None, 2)),
            L.Masking(99.0),
            L.TimeDistributed(L.Dense(3)),
            L.LSTM(2, **options),
        ]
    )


KINDS = {
    "SimpleRNN": lambda **options: L.SimpleRNN(3, **options),
    "LSTM": lambda **options: L.LSTM(3, **options),
    "GRU": lambda **options: L.GRU(3, **options),
    "stacked": stacked,
    "Bidirectional": lambda **options: L.Bidirectional(L.LSTM(3, **options)),
    "sum": lambda **options: L.Bidirectional(L.GRU(3, **options), merge_mode="sum"),
    "TimeDistributed": of_time,
}
kinds = pytest.mark.parametrize("kind", KINDS)


def padded(x, where="post"):
    """The samples cut to their lengths and filled up with 99, and the mask."""
    result, mask = np.full_like(x, 99.0), np.zeros(x.shape[:2], bool)
    for i, n in enumerate(LENGTHS):
        part = slice(n) if where == "post" else slice(x.shape[1] - n, None)
        result[i, part], mask[i, part] = x[i, :n], True
    return result, mask


@kinds
@pytest.mark.parametrize("where", ["post", "pre"])
@pytest.mark.parametrize("whole", [False, True], ids=["last", "sequences"])
def test_padding_changes_nothing(kind, where, whole, close):
    layer = KINDS[kind](return_sequences=whole)
    x, mask = padded(SEQUENCES, where)
    options = {} if kind == "TimeDistributed" else {"mask": mask}
    results = np.asarray(layer(x, **options))
    for i, n in enumerate(LENGTHS):
        alone = np.asarray(layer(SEQUENCES[i : i + 1, :n]))[0]
        close(results[i][mask[i]] if whole else results[i], alone)


@pytest.mark.parametrize("backwards", [False, True])
def test_padded_films(backwards, close):
    layer = L.ConvLSTM1D(3, 2, go_backwards=backwards)
    x, mask = padded(FILMS)
    results = np.asarray(layer(x, mask=mask))
    for i, n in enumerate(LENGTHS):
        close(results[i], np.asarray(layer(FILMS[i : i + 1, :n]))[0])


def test_masked_steps_of_both_directions_are_zero():
    x, mask = padded(SEQUENCES)
    layer = L.Bidirectional(L.GRU(3, return_sequences=True))
    assert not np.asarray(layer(x, mask=mask))[~mask].any()


def test_padded_sentences_of_a_document(close):
    """Masks of words go to the layer of a sentence, those of sentences further on."""
    words = np.array([[[1, 2, 0], [3, 0, 0]], [[4, 1, 2], [0, 0, 0]]])
    model = kerasish.Sequential(
        [
            kerasish.Input((None, None)),
            L.Embedding(5, 3, mask_zero=True),
            L.TimeDistributed(L.LSTM(2)),
            L.Bidirectional(L.GRU(2)),
        ]
    )
    whole = np.asarray(model(words))
    close(whole[1:], np.asarray(model(words[1:, :1])))
    close(whole[:1], np.asarray(model(words[:1, :, :2])))


def test_a_mask_of_whole_steps_counts_for_all_within(close):
    x = np.random.normal(size=(2, 3, 4, 2)).astype("float32")
    layer = L.TimeDistributed(L.LSTM(3))
    mask = np.array([[True, False, True], [True, True, False]])
    found = np.asarray(layer(x, mask=mask))
    close(found[mask], np.asarray(layer(x))[mask])
    assert not found[~mask].any()
    with pytest.raises(ValueError, match=r"`mask` .*\(2, 4\).*\(2, 3\)"):
        layer(x, mask=np.ones((2, 4), bool))


def states_of(layer):
    return [np.asarray(v.value) for v in kerasish.tree.flatten(layer.states)]


@pytest.mark.parametrize("kind", ["LSTM", "stacked", "Bidirectional"])
def test_stateful_layers_train_on_from_batch_to_batch(kind, close):
    """Keras on JAX loses the states in `fit`; here they are carried, as by hand."""
    layer = KINDS[kind](stateful=True)
    model = kerasish.Sequential(
        [kerasish.Input(batch_shape=(3, 4, 2)), layer, L.Dense(1)]
    )
    model.compile(kerasish.optimizers.SGD(0.0), "mse")
    losses = []
    for _ in range(6):
        losses.append(np.mean((np.asarray(model(SEQUENCES)) - 1) ** 2))
    by_hand = states_of(layer)
    layer.reset_state()
    x, y = np.concatenate([SEQUENCES] * 3), np.ones((9, 1), "float32")
    options = {"batch_size": 3, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, epochs=2, **options).history["loss"]
    close(history, [np.mean(losses[:3]), np.mean(losses[3:])], rtol=1e-4)
    close(states_of(layer), by_hand, rtol=1e-4)
    assert np.any(by_hand[0])
    layer.reset_state()
    assert not any(map(np.any, states_of(layer)))
    model.compile(kerasish.optimizers.SGD(0.05), "mse")
    history = model.fit(x, y, epochs=8, **options).history["loss"]
    assert history[-1] < history[0]


def test_stateful_halves_make_the_whole(close):
    layer = L.ConvLSTM1D(2, 2, stateful=True)
    plain = L.ConvLSTM1D(2, 2)
    plain.build(FILMS.shape)
    layer(FILMS[:, :2])
    layer.set_weights(plain.get_weights())
    layer.reset_state()
    layer(FILMS[:, :2])
    close(np.asarray(layer(FILMS[:, 2:])), np.asarray(plain(FILMS)))
    with pytest.raises(ValueError, match="stateful"):
        layer(FILMS[:1, :2])


# --- cells of one's own ---------------------------------------------------------------


class Pair(kerasish.Layer):
    """Two states, one of them a matrix; takes and returns tuples."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.state_size = [(2, 3), 2]
        self.output_size = 2

    def call(self, inputs, states):
        matrix, vector = states
        matrix = matrix + inputs[:, :, None]
        return matrix[:, :, 0] + vector, (matrix, vector + 1)


class Both(kerasish.Layer):
    """A cell that counts its states in a tuple."""

    state_size = (2, 2)

    def call(self, inputs, states):
        a, b = states
        return a + inputs, (a + inputs, b + 1)


@pytest.mark.parametrize("unroll", [False, True])
def test_states_of_any_shape_and_in_tuples(unroll, close):
    layer = L.RNN(Pair(), return_state=True, unroll=unroll)
    last, matrix, vector = layer(SEQUENCES)
    total = SEQUENCES.sum(1)
    close(np.asarray(last), total + 3)
    close(np.asarray(matrix), np.repeat(total[:, :, None], 3, 2))
    close(np.asarray(vector), np.full((3, 2), 4.0))
    shapes = layer.compute_output_shape((None, 4, 2))
    assert shapes == ((None, 2), (None, 2, 3), (None, 2))


def test_tuples_of_states_stack_and_stay(close):
    layer = L.RNN([Both(), Pair()], stateful=True, return_state=True)
    layer(SEQUENCES[:, :1])
    assert [v.shape for v in kerasish.tree.flatten(layer.states)] == [
        *((3, 2), (3, 2)),
        *((3, 2, 3), (3, 2)),
    ]
    _, first, _ = layer(SEQUENCES[:, 1:])
    close(np.asarray(first[0]), SEQUENCES.sum(1))


@kinds
def test_directions(kind, close):
    if kind == "TimeDistributed":
        pytest.skip("a model, not a layer")
    layer = KINDS[kind](return_sequences=True)
    rolled = np.asarray(layer(SEQUENCES))
    unrolled = KINDS[kind](return_sequences=True, unroll=True)
    back = KINDS[kind](return_sequences=True, go_backwards=True)
    for other in (unrolled, back):
        other.build(SEQUENCES.shape)
        other.set_weights(layer.get_weights())
    close(np.asarray(unrolled(SEQUENCES)), rolled)
    close(np.asarray(back(SEQUENCES[:, ::-1])), rolled)


@pytest.mark.parametrize("both", [False, True], ids=["LSTM", "Bidirectional"])
def test_states_are_tensors_of_functional_models(both, close):
    """An encoder's states start a decoder, as in translation."""
    outputs = []
    for library in (kerasish, keras):
        layers = library.layers

        def wrap(layer, layers=layers):
            return layers.Bidirectional(layer) if both else layer

        source, target = (library.Input((None, 2)) for _ in range(2))
        _, *states = wrap(layers.LSTM(3, return_state=True))(source)
        decoded = wrap(layers.LSTM(3, return_sequences=True))(
            target, initial_state=states
        )
        model = library.Model([source, target], [decoded, *states])
        generator = np.random.RandomState(0)
        model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])
        copy = library.Model.from_config(model.get_config())
        copy.set_weights(model.get_weights())
        outputs.append([*map(np.asarray, copy([SEQUENCES, SEQUENCES[:, :2]]))])
    close(*outputs, rtol=1e-4, atol=1e-5)


# --- wrappers -------------------------------------------------------------------------


def test_bidirectional_returns_both_and_starts_with_given_weights(close):
    values = [np.full(s, 0.1) for s in [(2, 9), (3, 9), (2, 9)] * 2]
    given = L.Bidirectional(L.GRU(3), merge_mode=None, weights=values)
    y, back = given(SEQUENCES)
    close(given.get_weights(), [v.astype("float32") for v in values])
    plain = L.GRU(3)
    plain.build(SEQUENCES.shape)
    plain.set_weights(values[:3])
    close(np.asarray(y), np.asarray(plain(SEQUENCES)))
    close(np.asarray(back), np.asarray(plain(SEQUENCES[:, ::-1])))


def test_steps_are_computed_one_by_one_where_state_changes(close):
    layer = L.TimeDistributed(L.BatchNormalization(momentum=0.5))
    layer(SEQUENCES, training=True)
    mean = 0
    for t in range(4):
        mean = 0.5 * mean + 0.5 * SEQUENCES[:, t].mean(0)
    close(layer.layer.moving_mean.numpy(), mean)


def test_losses_of_all_steps_count(close):
    layer = L.TimeDistributed(L.ActivityRegularization(l2=1.0))
    layer(SEQUENCES)
    close([float(x) for x in layer.losses], [float((SEQUENCES**2).sum() / 3)])


def test_the_normalized_kernel_has_norm_one(close):
    layer = L.SpectralNormalization(L.Dense(3), power_iterations=50)
    layer(SEQUENCES, training=True)
    norms = np.linalg.svd(layer.layer.kernel.numpy(), compute_uv=False)
    close(norms[0], 1.0, rtol=1e-4)
    model = kerasish.Sequential([layer, L.Flatten(), L.Dense(1)])
    model.compile("sgd", "mse")
    before = layer.vector_u.numpy()
    model.fit(SEQUENCES, np.ones((3, 1)), verbose=0)
    assert np.abs(layer.vector_u.numpy() - before).max() > 0


def test_embeddings_are_normalized(close):
    layer = L.SpectralNormalization(L.Embedding(4, 2), power_iterations=50)
    y = np.asarray(layer(np.arange(4), training=True))
    close(np.linalg.svd(y, compute_uv=False)[0], 1.0, rtol=1e-4)


def test_pipelines_train_unless_told(close):
    layer = L.Pipeline([L.Dense(2, use_bias=False), L.Dropout(0.5, seed=1)])
    x = np.ones((50, 3), "float32")
    assert (np.asarray(layer(x)) == 0).any()
    close(np.asarray(layer(x, training=False)), x @ layer.get_weights()[0])
    again = L.Pipeline.from_config(layer.get_config())
    assert [type(part) for part in again.layers] == [L.Dense, L.Dropout]


ERRORS = [
    (lambda: L.Wrapper(3), "must be a layer"),
    (lambda: L.Pipeline([L.ReLU(), 3], name="pre"), "`pre` must be a layer"),
    (lambda: L.TimeDistributed(L.Dense(2))(SEQUENCES[0]), r"3 axes.*\(4, 2\)"),
    (lambda: L.TimeDistributed(L.Add())([SEQUENCES] * 2), "one tensor"),
    (lambda: L.Bidirectional(L.Dense(2)), "recurrent layer.*lacks"),
    (lambda: L.Bidirectional("LSTM"), "recurrent layer.*'LSTM'"),
    (lambda: L.Bidirectional(L.LSTM(2), "max"), "`merge_mode` .*'max'"),
    (
        lambda: L.Bidirectional(L.LSTM(2), backward_layer=L.LSTM(2)),
        "different directions",
    ),
    (
        lambda: L.Bidirectional(
            L.LSTM(2),
            backward_layer=L.LSTM(2, go_backwards=True, return_sequences=True),
        ),
        "`return_sequences` must be the same",
    ),
    (
        lambda: L.Bidirectional(L.GRU(2))(SEQUENCES, initial_state=[np.ones((3, 2))]),
        "even number",
    ),
    (
        lambda: L.SpectralNormalization(L.ReLU())(SEQUENCES),
        "`kernel` or `embeddings`",
    ),
    (
        lambda: L.SpectralNormalization(L.Dense(2), power_iterations=0),
        "`power_iterations` .*not 0",
    ),
    (lambda: L.ConvLSTM1D(0, 2), "`filters` .* not 0"),
    (lambda: L.ConvLSTM2D(2, (2, 2, 2)), "`kernel_size` .* 2 integer"),
    (lambda: L.ConvLSTM2D(2, 2, padding="causal"), "`padding` .*'causal'"),
    (lambda: L.ConvLSTM2D(2, 2, strides=2, dilation_rate=2), "both"),
    (lambda: L.ConvLSTM1D(2, 2)(kerasish.Input((3, None, 2))), "known sizes"),
    (lambda: L.ConvLSTM1D(2, 2)(SEQUENCES), "ndim=4"),
]


@pytest.mark.parametrize(
    "mistake, message",
    ERRORS,
    ids=lambda x: x[:30] if isinstance(x, str) else "mistake",
)
def test_mistakes_are_explained(mistake, message):
    with pytest.raises(ValueError, match=message):
        mistake()


@pytest.mark.parametrize("name", ["TFSMLayer", "TorchModuleWrapper"])
def test_layers_of_other_frameworks_say_what_to_do(name):
    with pytest.raises(NotImplementedError, match=f"`{name}` .* needed"):
        getattr(L, name)("model")


def test_gradients_reach_both_directions():
    layer = L.Bidirectional(L.LSTM(2))
    layer.build(SEQUENCES.shape)
    values = [v.value for v in layer.trainable_variables]
    rest = [v.value for v in layer.non_trainable_variables]

    def loss(values):
        y, _ = layer.stateless_call(values, rest, SEQUENCES)
        return kerasish.ops.sum(y * y), ()

    _, gradients = backend.value_and_grad(loss)(values)
    assert all(np.any(np.asarray(g)) for g in gradients)
