"""A variational autoencoder draws digits of its own; its training step is its own, too.

The encoder says where in a plane a picture may lie, the decoder draws what is at a
place (Kingma and Welling 2013).
"""

import jax
import numpy as np
from sklearn.datasets import load_digits

import kerasish as keras
from kerasish import layers, ops


class Autoencoder(keras.Model):
    """Encoder, a random place close to what it says, decoder."""

    def __init__(self, places=2, **kwargs):
        super().__init__(**kwargs)
        self.encoder = keras.Sequential(
            [
                layers.Dense(128, activation="relu"),
                layers.Dense(64, activation="relu"),
                layers.Dense(2 * places),
            ]
        )
        self.decoder = keras.Sequential(
            [
                layers.Dense(64, activation="relu"),
                layers.Dense(128, activation="relu"),
                layers.Dense(64),
            ]
        )
        self.seed = keras.random.SeedGenerator(1)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.divergence_tracker = keras.metrics.Mean(name="divergence")

    def call(self, x):
        mean, log_variance = ops.split(self.encoder(x), 2, axis=-1)
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        place = mean + ops.exp(0.5 * log_variance) * noise
        return self.decoder(place), mean, log_variance

    def losses_of(self, trained, rest, x):
        """The loss of a batch as a pure function of the variables."""
        (drawn, mean, log_variance), rest = self.stateless_call(trained, rest, x)
        errors = ops.binary_crossentropy(x, drawn, from_logits=True)
        error = ops.mean(ops.sum(errors, axis=-1))
        # of the normal distribution that the encoder says from the standard one
        divergence = 0.5 * ops.mean(
            ops.sum(ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1)
        )
        return error + divergence, (divergence, rest)

    def train_step(self, state, data):
        trained, rest, slots, metrics = state
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        gradient = jax.value_and_grad(self.losses_of, has_aux=True)
        (loss, (divergence, rest)), gradients = gradient(trained, rest, x)
        trained, slots = self.optimizer.stateless_apply(slots, gradients, trained)
        logs, new = {}, []
        for metric, value in zip(self.metrics, (loss, divergence)):
            count = len(metric.variables)
            mine, metrics = metrics[:count], metrics[count:]
            mine = metric.stateless_update_state(mine, value)
            logs[metric.name] = metric.stateless_result(mine)
            new += mine
        return logs, (trained, rest, slots, new)

    @property
    def metrics(self):
        return [self.loss_tracker, self.divergence_tracker]


def plot(model, x, y, path="vae.png"):
    """Draw the plane and the digits on it into a file, if matplotlib is there."""
    try:
        import matplotlib
    except ImportError:
        print("Install matplotlib to get a picture.")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    edge = np.linspace(-2, 2, 12)
    grid = np.stack(np.meshgrid(edge, edge[::-1]), -1).reshape(-1, 2)
    drawn = 1 / (1 + np.exp(-np.asarray(model.decoder(grid))))
    tiles = np.pad(drawn.reshape(12, 12, 8, 8), [(0, 0), (0, 0), (2, 2), (2, 2)])
    sheet = tiles.transpose(0, 2, 1, 3).reshape(144, 144)
    places = model.predict(x, verbose=0)[1]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4.2))
    points = left.scatter(*places.T, c=y, cmap="tab10", s=6)
    figure.colorbar(points, ax=left)
    left.set_title("where the encoder puts the digits")
    right.imshow(sheet, cmap="gray_r", extent=(-2, 2, -2, 2))
    right.set_title("what the decoder draws there")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close()
    print(f"The plane is in {path}.")


def main(seed=0, epochs=100):
    """Train; return the last loss and that of a picture of the average digit."""
    keras.utils.set_random_seed(seed)
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    model = Autoencoder()
    model.compile(keras.optimizers.Adam(0.003))
    history = model.fit(x, batch_size=64, epochs=epochs, verbose=0).history
    for epoch in (0, 9, 29, epochs - 1):
        loss, divergence = history["loss"][epoch], history["divergence"][epoch]
        print(f"epoch {epoch + 1:3}: loss {loss:.2f}, divergence {divergence:.2f}")
    average = np.clip(x.mean(0), 1e-6, 1 - 1e-6)
    entropy = -(x * np.log(average) + (1 - x) * np.log(1 - average))
    print(f"of the average of all digits: loss {entropy.sum(1).mean():.2f}")
    plot(model, x, y)
    return history["loss"][-1], entropy.sum(1).mean()


if __name__ == "__main__":
    main()
