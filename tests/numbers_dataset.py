"""A data set in a module of its own, light to import: worker processes look it up."""

import os

import numpy as np

from kerasish.data import PyDataset


class Numbers(PyDataset):
    """Batch i holds i, the number of the epoch and the number of the process."""

    def __init__(self, count=6, fail=None, **kwargs):
        super().__init__(**kwargs)
        self.count, self.fail, self.epoch = count, fail, 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.fail:
            raise ZeroDivisionError(f"batch {index} is bad")
        return np.array([[index]]), np.array([self.epoch]), np.array([os.getpid()])

    def on_epoch_end(self):
        self.epoch += 1
