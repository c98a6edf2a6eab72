"""Helpers for texts and series of older Keras: the same numbers, live."""

import inspect
import json
import random

import numpy as np
import pytest
from keras._tf_keras.keras.preprocessing import sequence as their_sequence
from keras._tf_keras.keras.preprocessing import text as their_text

from kerasish.legacy import sequence, text

TEXTS = ["The cat, the dog!", "a dog ran.\tThe end", ["x", "Y y"], "", "Zoë's  cat"]
NEW = ["the fox and the dog", ["THE", "cat"], "", "end - of the a a a"]
TABLES = ["word_index", "index_word", "word_counts", "word_docs", "index_docs"]
OPTIONS = {
    "plain": {},
    "cut": {"num_words": 4},
    "unknown words": {"oov_token": "<?>"},
    "cut and unknown": {"num_words": 3, "oov_token": "<?>"},
    "unknown is a word": {"oov_token": "dog"},
    "characters": {"char_level": True, "oov_token": "#"},
    "as written": {"lower": False, "filters": ".", "char_level": False},
    "characters as written": {"lower": False, "char_level": True},
    "another space": {"split": "_", "filters": " "},
    "longer space": {"split": "--", "filters": " ,"},
    "analyzer": {"analyzer": lambda text: text.split("a")},
    "Keras 1": {"nb_words": 5},
}


def results(module, options):
    made = module.Tokenizer(**options)
    found = []
    for texts in (TEXTS, NEW[:2]):
        made.fit_on_texts(texts)
        found.append({name: dict(getattr(made, name)) for name in TABLES})
    numbers = made.texts_to_sequences(NEW)
    found += [numbers, list(made.texts_to_sequences_generator(iter(NEW)))]
    found += [made.sequences_to_texts([*numbers, [3, 99, 1]])]
    found += [made.texts_to_matrix(NEW, mode).tolist() for mode in text.MODES]
    made.fit_on_sequences([[1, 1, 2], [3]])
    found += [made.sequences_to_matrix([[1, 2, 2], []], "tfidf").tolist()]
    config = made.get_config()
    for name in TABLES:  # those of documents follow the order of a set
        config[name] = json.loads(config[name])
    again = module.tokenizer_from_json(made.to_json(indent=1))
    return [*found, config, made.document_count, again.texts_to_sequences(NEW)]


@pytest.mark.filterwarnings("ignore:The `nb_words` argument")
@pytest.mark.parametrize("name", OPTIONS)
def test_tokenizers_are_those_of_keras(name):
    ours, theirs = (results(module, OPTIONS[name]) for module in (text, their_text))
    assert ours == theirs
    before = text.Tokenizer(**OPTIONS[name]).texts_to_sequences(NEW)
    assert before == [[], [], [], []]  # Keras's are full of None if there is a token


def test_the_json_of_keras_is_read():
    theirs = their_text.Tokenizer(num_words=5, oov_token="?")
    theirs.fit_on_texts(TEXTS)
    ours = text.tokenizer_from_json(theirs.to_json())
    assert ours.texts_to_sequences(NEW) == theirs.texts_to_sequences(NEW)
    ours.fit_on_texts(["fox fox fox fox"])  # and it can learn on
    assert ours.word_index["fox"] == 2


@pytest.mark.parametrize(
    "given",
    [
        ("Hello, you!",),
        ("a--b c", "-", False, " "),
        ("aXXbxx", "", True, "xx"),
        ("a,b", ",", True, "__"),
        ("",),
    ],
)
def test_words(given):
    found = text.text_to_word_sequence(*given)
    assert found == their_text.text_to_word_sequence(*given)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hash_function": "md5"},
        {"hash_function": len},
        {"hash_function": "md5", "lower": False, "filters": "e"},
        {"hash_function": "md5", "analyzer": list},
    ],
)
def test_hashes(options):
    line = "The end of THE line"
    found = text.hashing_trick(line, 7, **options)
    assert found == their_text.hashing_trick(line, 7, **options)
    options.pop("hash_function", None)
    found = text.one_hot(line, 7, **options)
    assert found == their_text.one_hot(line, 7, **options)


@pytest.mark.parametrize(
    "call,error,message",
    [
        (lambda: text.Tokenizer(words=1), TypeError, "Unrecognized keyword.*'words'"),
        (lambda: text.Tokenizer().fit_on_texts("a b"), TypeError, r"write `\[text\]`"),
        (lambda: text.Tokenizer().texts_to_sequences("a"), TypeError, "single text"),
        (lambda: text.Tokenizer().texts_to_matrix(["a"]), ValueError, "`num_words`"),
        (
            lambda: text.Tokenizer(3).texts_to_matrix(["a"], "tfidf"),
            ValueError,
            "before using tfidf",
        ),
        (
            lambda: text.Tokenizer(3).texts_to_matrix(["a"], "onehot"),
            ValueError,
            "mode: 'onehot'; known are",
        ),
        (lambda: text.tokenizer_from_json("[]"), ValueError, "no Tokenizer: it lacks"),
        (lambda: text.hashing_trick("a", 1), ValueError, "`n` must be at least 2"),
        (lambda: text.hashing_trick("a", 4, "sha"), TypeError, "'md5' or a function"),
    ],
)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message):
        call()


WINDOWS = [
    {},
    {"stride": 3, "batch_size": 2},
    {"sampling_rate": 3},
    {"start_index": 5, "end_index": 12, "stride": 2, "batch_size": 1},
    {"sampling_rate": 2, "reverse": True, "length": 5},
    {"shuffle": True},
    {"length": 19, "batch_size": 7},
]


@pytest.mark.parametrize("options", WINDOWS)
def test_windows_are_those_of_keras(options):
    options = {"length": 4, "batch_size": 4, **options}
    for shape in ((20,), (20, 2)):
        data = np.random.default_rng(0).random(shape)
        batches = []
        for module in (sequence, their_sequence):
            np.random.seed(3)
            made = module.TimeseriesGenerator(data, data[::-1], **options)
            batches.append([made[i] for i in range(len(made))])
        for ours, theirs in zip(*batches, strict=True):
            for mine, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(mine, other)


def test_windows_of_lists_and_their_config():
    made = sequence.TimeseriesGenerator([[1], [2], [3]], [5, 6, 7], 2, workers=2)
    assert made[0][0].tolist() == [[[1], [2]]] and made[0][1].tolist() == [7]
    config = json.loads(made.to_json())
    assert config["class_name"] == "TimeseriesGenerator"
    assert json.loads(config["config"]["data"]) == [[1], [2], [3]]
    assert config["config"]["start_index"] == 2 and made.workers == 2
    for targets, length, message in (([1], 2, "same length"), ([1, 2, 3], 3, "end_in")):
        with pytest.raises(ValueError, match=message):
            sequence.TimeseriesGenerator([1, 2, 3], targets, length)


PAIRS = [  # without a seed Keras's own call fails on newer Pythons
    {"seed": 2},
    {"window_size": 1, "negative_samples": 0.5, "seed": 3},
    {"shuffle": False, "negative_samples": 2.0},
    {"negative_samples": 0, "categorical": True, "seed": 4},
    {"sampling_table": their_sequence.make_sampling_table(9, 0.1), "seed": 1},
]


@pytest.mark.parametrize("options", PAIRS)
def test_pairs_are_those_of_keras(options):
    found = []
    for module in (sequence, their_sequence):
        random.seed(7)
        found.append(module.skipgrams([3, 0, 1, 2, 5, 8, 1, 1], 9, **options))
        found[-1] = (*found[-1], random.random())  # as much was drawn
    assert found[0] == found[1] and len(found[0][0]) > 4


def test_pairs_without_a_seed_follow_the_global_one():
    found = []
    for seed in (1, 1, 2):
        random.seed(seed)
        found.append(sequence.skipgrams(range(1, 9), 20))
    assert found[0] == found[1] != found[2]


def test_sampling_tables_and_signatures():
    for size, factor in ((5, 1e-5), (100, 0.1)):
        np.testing.assert_allclose(
            sequence.make_sampling_table(size, factor),
            their_sequence.make_sampling_table(size, factor),
            rtol=1e-12,
        )
    for ours, theirs in ((text, their_text), (sequence, their_sequence)):
        for name in ours.__all__:
            mine, other = getattr(ours, name), getattr(theirs, name)
            assert [
                (p.name, p.default) for p in inspect.signature(mine).parameters.values()
            ] == [
                (p.name, p.default)
                for p in inspect.signature(other).parameters.values()
            ]
