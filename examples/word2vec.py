"""Word2vec: vectors for words, learnt from the company that they keep.

Skip-gram with negative sampling (Mikolov et al. 2013) on six chapters of a novel.
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np

import kerasish as keras
from kerasish import layers, ops

TEXT = Path(__file__).parent / "data" / "pride_and_prejudice.txt"
WINDOW, NEGATIVES, DIMENSIONS = 4, 5, 32
PAIRS = 20_480  # the same number each time, so that the program is compiled once


def read(least=4):
    """Return the words that occur often enough, and the text as their numbers."""
    text = TEXT.read_text(encoding="utf-8").lower()
    words = re.findall("[a-z]+", text.split("\n\n", 1)[1])
    words = [word for word in words if not word.startswith("chapter")]
    counts = Counter(words)
    vocabulary = [word for word, count in counts.most_common() if count >= least]
    numbers = {word: number for number, word in enumerate(vocabulary)}
    return vocabulary, np.array([numbers[word] for word in words if word in numbers])


def pairs(text, size, generator):
    """Return words, what to compare each with, and which of these are true neighbours.

    Frequent words are dropped at random; wrong neighbours are drawn in proportion to
    count to the power of 3/4, as in the paper.
    """
    counts = np.bincount(text, minlength=size)
    keep = np.sqrt(1e-3 * len(text) / counts)[text]
    text = text[generator.random(len(text)) < keep]
    found = []
    for distance in range(1, WINDOW + 1):
        near = np.stack([text[:-distance], text[distance:]], 1)
        found += [near, near[:, ::-1]]
    found = generator.permutation(np.concatenate(found))[:PAIRS]
    chances = counts**0.75 / (counts**0.75).sum()
    wrong = generator.choice(size, (len(found), NEGATIVES), p=chances)
    candidates = np.concatenate([found[:, 1:], wrong], 1)
    targets = np.zeros(candidates.shape, "float32")
    targets[:, 0] = 1
    return {"word": found[:, 0], "candidates": candidates}, targets


def build(size):
    """The score of a pair is the product of a word's and a neighbour's vector."""
    word = keras.Input((), dtype="int32", name="word")
    candidates = keras.Input((1 + NEGATIVES,), dtype="int32", name="candidates")
    vectors = layers.Embedding(size, DIMENSIONS, name="vectors")(word)
    neighbours = layers.Embedding(size, DIMENSIONS, name="neighbours")(candidates)
    scores = ops.einsum("bd,bkd->bk", vectors, neighbours)
    return keras.Model({"word": word, "candidates": candidates}, scores)


def nearest(word, vocabulary, vectors, count=5):
    """The words whose vectors point in about the same direction."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-(unit @ unit[vocabulary.index(word)]))
    return [vocabulary[i] for i in order[1 : count + 1]]


def main(seed=0, rounds=100):
    """Train; return how often a true neighbour scores higher than a wrong one."""
    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    vocabulary, text = read()
    model = build(len(vocabulary))
    model.compile(
        keras.optimizers.Adam(0.005),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    for number in range(1, rounds + 1):  # other wrong neighbours each time
        x, targets = pairs(text, len(vocabulary), generator)
        history = model.fit(x, targets, batch_size=256, epochs=1, verbose=0).history
        if number % 25 == 0:
            print(f"round {number:3}: loss {history['loss'][-1]:.3f}")
    scores = model.predict(x, batch_size=1024, verbose=0)
    right = float((scores[:, :1] > scores[:, 1:]).mean())
    print(f"true neighbours score higher than wrong ones in {right:.0%} of the cases")
    vectors = np.asarray(model.get_layer("vectors").get_weights()[0])
    print(f"\n{len(vocabulary)} words, nearest to")
    for word in "mr bingley sister dance she".split():
        print(f"  {word:8}", ", ".join(nearest(word, vocabulary, vectors)))
    return right


if __name__ == "__main__":
    main()
