"""The usual eager loop in PyTorch."""

from collections.abc import Callable
from typing import Any

import torch

from ..measure import Job, Measures

torch.set_default_device("cuda" if torch.cuda.is_available() else "cpu")
LOSSES = {
    "mse": torch.nn.functional.mse_loss,
    "binary": torch.nn.functional.binary_cross_entropy,
    "crossentropy": torch.nn.functional.cross_entropy,
}
OPTIMIZERS = {"Adam": torch.optim.Adam, "SGD": torch.optim.SGD}


def initialized(model: Any) -> Any:
    """The same scale as the others': Glorot's."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.xavier_uniform_(parameter)
        elif parameter.ndim == 1:
            torch.nn.init.zeros_(parameter)
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            torch.nn.init.ones_(module.weight)
    return model


def tensors(job: Job) -> tuple[Any, Any]:
    """The data; pictures have their channels first."""
    x, y = job.arrays()
    x = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
    y = y.astype("int64") if job.loss == "crossentropy" else y
    return torch.tensor(x), torch.tensor(y)


def stepper(job: Job, model: Any) -> Callable[[Any, Any], Any]:
    """`step(x, y)` returns the loss and the output, detached."""
    optimizer = OPTIMIZERS[job.optimizer](model.parameters(), job.rate)
    loss = LOSSES[job.loss]

    def step(x, y):
        output = model(x)
        cost = loss(output, y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost.detach(), output.detach()

    return step


def train(job: Job, build: Callable[[Any], Any]) -> Measures:
    """Fit."""
    torch.manual_seed(0)
    x, y = tensors(job)
    count = job.rows - job.held_out()
    model = initialized(build(torch.nn))
    step = stepper(job, model)

    def check():
        model.eval()
        with torch.no_grad():
            output = model(x[count:])
            found = (
                LOSSES[job.loss](output, y[count:]),
                (output.argmax(-1) == y[count:]).float().mean(),
            )
        model.train()
        return found

    def fit(epochs):
        logs = []
        for _ in range(epochs):
            total = right = 0
            batches = torch.randperm(count).split(job.batch)
            for rows in batches if len(batches) > 1 else [slice(count)]:
                cost, output = step(x[rows], y[rows])
                total += cost * len(output)
                if job.accuracy:
                    right += (output.argmax(-1) == y[rows]).sum()
            logs.append((total, right, check() if job.validation else None))
        return total.item() / count

    return job.measure(fit)
