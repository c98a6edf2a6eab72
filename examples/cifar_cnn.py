"""A convolutional network for small colour pictures, as for CIFAR-10.

python cifar_cnn.py                    # pictures that it draws itself
python cifar_cnn.py data_batch_1.bin   # one file of CIFAR-10's binary version
"""

import sys

import numpy as np

import kerasish as keras
from kerasish import layers

SHAPES = ["disc", "square", "triangle", "ring", "cross"]
NAMES = [f"{kind} {shape}" for kind in ("plain", "striped") for shape in SHAPES]


def draw(count, seed):
    """Return `count` pictures (32 × 32, three colours, 0 to 255) and their labels.

    Place, size, turn and both colours differ from picture to picture; only shape and
    texture tell the class.
    """
    generator = np.random.default_rng(seed)

    def random(low, high):
        return generator.uniform(low, high, (count, 1, 1))

    labels = generator.integers(10, size=count)
    rows, columns = np.mgrid[:32, :32]
    y, x = rows - random(13, 19), columns - random(13, 19)
    turn, size = random(-0.4, 0.4), random(9, 13)
    x, y = (x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn))
    x, y = x / size, y / size
    far, square = np.hypot(x, y), np.maximum(abs(x), abs(y))
    inside = [
        far < 0.9,
        square < 0.8,
        (y < 0.6) & (y > 2 * abs(x) - 1.1),
        (far < 1) & (far > 0.5),
        (square < 1) & (np.minimum(abs(x), abs(y)) < 0.3),
    ]
    mask = np.select([labels[:, None, None] % 5 == i for i in range(5)], inside)
    striped = labels[:, None, None] >= 5
    light = np.where(striped & (np.sin(x * size * 1.6) > 0), 0.3, 1.0)
    front = generator.uniform(130, 255, (count, 1, 1, 3))
    back = generator.uniform(0, 120, (count, 1, 1, 3))
    pictures = np.where(mask[..., None], front * light[..., None], back)
    pictures = pictures + generator.normal(0, 10, pictures.shape)
    return np.clip(pictures, 0, 255).astype("uint8"), labels


def load(path):
    """Read a file of CIFAR-10's binary version: a label and 3 × 32 × 32 bytes each."""
    rows = np.fromfile(path, "uint8").reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0]


def build():
    """Three blocks of convolution, normalization and pooling."""
    inputs = keras.Input((32, 32, 3))
    x = inputs
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(10)(x))


def show(pictures, found, really, path="cifar_cnn.png"):
    """Draw some pictures with the answers into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(3, 6, figsize=(9, 5.4))
    for place, picture, answer, truth in zip(places.flat, pictures, found, really):
        place.imshow(picture)
        place.set_title(answer, fontsize=8, color="k" if answer == truth else "r")
        place.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close()
    print(f"Pictures with the network's answers are in {path}.")


def main(path=None, seed=0, epochs=6):
    """Train; return the accuracy on pictures that were not trained on."""
    pictures, labels = load(path) if path else draw(3000, seed)
    x = pictures.astype("float32") / 255
    cut = len(x) * 5 // 6
    keras.utils.set_random_seed(seed)
    model = build()
    model.summary()
    steps = epochs * -(-cut // 32)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.006, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        x[:cut],
        labels[:cut],
        batch_size=32,
        epochs=epochs,
        validation_data=(x[cut:], labels[cut:]),
        verbose=2,
    )
    loss, accuracy = model.evaluate(x[cut:], labels[cut:], verbose=0)
    print(f"test loss {loss:.3f}, test accuracy {accuracy:.1%}")
    found = model.predict(x[cut : cut + 18], verbose=0).argmax(1)
    names = [str(i) for i in range(10)] if path else NAMES
    really = [names[i] for i in labels[cut : cut + 18]]
    show(pictures[cut : cut + 18], [names[i] for i in found], really)
    return accuracy


if __name__ == "__main__":
    main(*sys.argv[1:2])
