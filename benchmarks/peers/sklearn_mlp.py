"""The multi-layer perceptron of scikit-learn."""

import warnings

from sklearn.neural_network import MLPClassifier

from ..measure import Job, Measures

warnings.filterwarnings("ignore")  # that it has not converged


def train(job: Job, hidden: tuple[int, ...], activation: str) -> Measures:
    """Fit; it starts anew in each call, and binary targets have the log-loss."""
    x, y = job.arrays()
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y

    def fit(epochs):
        model = MLPClassifier(
            hidden,
            activation=activation,
            solver=job.optimizer.lower(),
            alpha=0,
            batch_size=min(job.batch, job.rows),
            learning_rate_init=job.rate,
            momentum=0,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=10**9,
            early_stopping=job.validation > 0,
            validation_fraction=job.validation or 0.1,
            random_state=0,
        ).fit(x, y)
        return model.loss_

    return job.measure(fit)
