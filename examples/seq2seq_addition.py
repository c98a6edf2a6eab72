"""Sequence to sequence with attention: a network learns to add from examples.

It reads "27+58" and writes "85" character by character, and looks at the characters of
the question while it does so.
"""

import numpy as np

import kerasish as keras
from kerasish import layers

CHARACTERS = " 0123456789+>"  # ">" begins an answer
QUESTION, ANSWER = 5, 3


def encode(texts):
    """Return the texts as rows of character numbers."""
    return np.array([[CHARACTERS.index(c) for c in text] for text in texts])


def sums(pairs):
    """Return the questions, and the answers from right to left: ones come first."""
    questions = [f"{a}+{b}".ljust(QUESTION) for a, b in pairs]
    answers = [str(a + b)[::-1].ljust(ANSWER) for a, b in pairs]
    return encode(questions), encode(answers)


def build(units=64):
    """Return the model to train and the one that tells what it attends to."""
    question = keras.Input((QUESTION,), name="question")
    begun = keras.Input((ANSWER,), name="begun")
    characters = layers.Embedding(len(CHARACTERS), 16)
    forward = layers.GRU(units, return_sequences=True)
    backward = layers.GRU(units, return_sequences=True, go_backwards=True)
    x = characters(question)
    # what stands before and after each character
    after = layers.Lambda(lambda t: t[:, ::-1])(backward(x))
    read = layers.Dense(units, activation="tanh")(
        layers.Concatenate()([forward(x), after])
    )
    start = layers.Dense(units, activation="tanh")(layers.Flatten()(read))
    written = layers.GRU(units, return_sequences=True)(
        characters(begun), initial_state=start
    )
    seen, weights = layers.Attention()([written, read], return_attention_scores=True)
    both = layers.Concatenate()([written, seen])
    hidden = layers.Dense(units, activation="relu")(both)
    outputs = layers.Dense(len(CHARACTERS))(hidden)
    inputs = {"question": question, "begun": begun}
    return keras.Model(inputs, outputs), keras.Model(inputs, weights)


def shifted(answers):
    """What is written before each character of an answer."""
    first = np.full_like(answers[:, :1], CHARACTERS.index(">"))
    return np.concatenate([first, answers[:, :-1]], 1)


def answer(model, questions):
    """Write the answers: each character becomes an input for the next."""
    written = np.zeros((len(questions), ANSWER), int)
    for place in range(ANSWER):
        x = {"question": questions, "begun": shifted(written)}
        scores = model.predict(x, batch_size=1024, verbose=0)
        written[:, place] = scores[:, place].argmax(-1)
    return written


def plot(weights, question, written, path="seq2seq_addition.png"):
    """Draw what each written character looked at, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.figure(figsize=(4, 2.6))
    pyplot.imshow(weights, cmap="Blues", vmin=0, vmax=1)
    pyplot.xticks(range(QUESTION), [CHARACTERS[i] for i in question])
    pyplot.yticks(range(ANSWER), [CHARACTERS[i] for i in written])
    pyplot.xlabel("read")
    pyplot.ylabel("written")
    pyplot.colorbar()
    pyplot.tight_layout()
    pyplot.savefig(path, dpi=100)
    pyplot.close()
    print(f"What it looks at is in {path}.")


def main(seed=0, epochs=10):
    """Train on 80 % of the sums below 100 + 100; return the share of others right."""
    keras.utils.set_random_seed(seed)
    pairs = np.random.default_rng(seed).permutation(
        [(a, b) for a in range(100) for b in range(100)]
    )
    questions, answers = sums(pairs)
    cut = 8000
    model, attention = build()
    steps = epochs * -(-cut // 64)
    rate = keras.optimizers.schedules.CosineDecay(0.005, steps)
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    train = {"question": questions[:cut], "begun": shifted(answers[:cut])}
    model.fit(train, answers[:cut], batch_size=64, epochs=epochs, verbose=2)
    written = answer(model, questions[cut:])
    right = (written == answers[cut:]).all(1)
    for i in range(8):
        a, b = pairs[cut + i]
        text = "".join(CHARACTERS[c] for c in written[i][::-1]).strip()
        print(f"{a:2} + {b:2} = {text:3}", "" if right[i] else f"no, {a + b}")
    print(f"{right.mean():.1%} of {len(right)} unseen sums are right")
    x = {"question": questions[cut : cut + 1], "begun": shifted(written[:1])}
    plot(attention.predict(x, verbose=0)[0], questions[cut], written[0])
    return right.mean()


if __name__ == "__main__":
    main()
