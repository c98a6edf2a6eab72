"""The losses and metrics of each epoch in a table."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .callback import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes the epochs' losses and metrics to a CSV file as they come.

    Values that an epoch lacks are `NA`: validation in epochs without one. With
    `BackupAndRestore` a resumed training goes on below the rows that the backup knows.

    Args:
        filename: the file, for example `"run1.csv"`.
        separator: what stands between two values.
        append: go on in an existing file.

    Example:
        >>> logger = keras.callbacks.CSVLogger("log.csv")
        >>> logger.on_train_begin()
        >>> logger.on_epoch_end(0, {"loss": 0.5})
        >>> logger.on_train_end()
        >>> from pathlib import Path
        >>> Path("log.csv").read_text().split()
        ['epoch,loss,val_loss', '0,0.5,NA']
    """

    initial_state = {"keys": None, "position": 0}
    state_in_models = False

    def __init__(
        self,
        filename: str | os.PathLike[str],
        separator: str = ",",
        append: bool = False,
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self.position = 0  # where the next row begins; the file is cut there first
        self.csv_file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Open the file."""
        path = Path(self.filename)
        # Open until training ends.
        self.csv_file = path.open("a", newline="", encoding="utf-8")
        self.position = os.path.getsize(self.filename) if self.append else 0
        self.keys = self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write a row."""
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            # Validation may come in later epochs only: keep columns for it.
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        if self._writer is None:
            self.csv_file.truncate(self.position)
            self._writer = csv.writer(
                self.csv_file, delimiter=self.separator, lineterminator="\n"
            )
            if not self.position:
                self._writer.writerow(["epoch", *self.keys])
        self._writer.writerow([epoch, *(_cell(logs.get(key)) for key in self.keys)])
        self.csv_file.flush()
        self.position = os.path.getsize(self.filename)

    def on_train_end(self, logs: Logs = None) -> None:
        """Close the file."""
        self.csv_file.truncate(self.position)
        self.csv_file.close()
        self._writer = None


def _cell(value: Any) -> Any:
    if value is None:
        return "NA"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f'"[{", ".join(map(str, value))}]"'
    return value
