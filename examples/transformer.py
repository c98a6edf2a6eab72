"""A small transformer learns to write, one character after the other.

It reads six chapters of a novel of 1813 and continues a sentence (Vaswani et al. 2017).
"""

from pathlib import Path

import numpy as np

import kerasish as keras
from kerasish import layers, ops

TEXT = Path(__file__).parent / "data" / "pride_and_prejudice.txt"
LENGTH, WIDTH = 48, 64


class Places(layers.Layer):
    """Adds a learnt vector to each place of a sequence."""

    def build(self, shape):
        self.vectors = self.add_weight((LENGTH, shape[-1]), "random_normal")

    def call(self, x):
        return x + self.vectors


def block(x, heads=2):
    """Look back at what was read, then think about it; both add to what is there."""
    seen = layers.LayerNormalization()(x)
    seen = layers.MultiHeadAttention(heads, WIDTH // heads)(
        seen, seen, use_causal_mask=True
    )
    x = layers.Add()([x, seen])
    thought = layers.LayerNormalization()(x)
    thought = layers.Dense(2 * WIDTH, activation="gelu")(thought)
    return layers.Add()([x, layers.Dense(WIDTH)(thought)])


def build(size, blocks=2):
    """At each place it says which character comes next."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = Places()(layers.Embedding(size, WIDTH)(inputs))
    for _ in range(blocks):
        x = block(x)
    return keras.Model(inputs, layers.Dense(size)(layers.LayerNormalization()(x)))


def write(model, characters, begun, count, seed=0, warmth=0.5):
    """Continue a text: draw each next character with its probability."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        last = begun[-LENGTH:]
        x = np.zeros((1, LENGTH), int)
        x[0, : len(last)] = [characters.index(c) for c in last]
        scores = model.predict(x, verbose=0)[0, len(last) - 1] / warmth
        chances = np.asarray(ops.softmax(scores), "float64")
        begun += characters[generator.choice(len(chances), p=chances / chances.sum())]
    return begun


def main(seed=0, epochs=8):
    """Train; return the loss per character and that of counting characters."""
    keras.utils.set_random_seed(seed)
    text = " ".join(TEXT.read_text(encoding="utf-8").split()[12:])
    characters = sorted(set(text))
    numbers = np.array([characters.index(c) for c in text])
    stretches = np.lib.stride_tricks.sliding_window_view(numbers, LENGTH + 1)
    cut = len(text) * 9 // 10
    train, test = stretches[: cut - LENGTH : 16], stretches[cut::32]

    model = build(len(characters))
    steps = epochs * -(-len(train) // 32)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=0.006, warmup_steps=50
    )
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    print(f"{len(text):,} characters, {model.count_params():,} parameters")
    model.fit(train[:, :-1], train[:, 1:], batch_size=32, epochs=epochs, verbose=2)

    loss = model.evaluate(test[:, :-1], test[:, 1:], verbose=0)
    counts = np.bincount(numbers[:cut], minlength=len(characters)) + 1
    counting = float(-np.log(counts / counts.sum())[numbers[cut:]].mean())
    print(f"on the last pages: loss {loss:.2f}, of counting characters {counting:.2f}")
    print(write(model, characters, "Mr. Bingley was ", 120))
    return loss, counting


if __name__ == "__main__":
    main()
