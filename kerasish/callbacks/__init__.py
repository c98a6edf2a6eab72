"""Callbacks: what is done while a model trains, evaluates and predicts."""

from .backup import BackupAndRestore
from .callback import Callback, History, LambdaCallback
from .callback_list import CallbackList
from .checkpoint import ModelCheckpoint
from .csv_logger import CSVLogger
from .logs import LazyLogs
from .monitor import EarlyStopping, ReduceLROnPlateau
from .progress import Progbar, ProgbarLogger
from .schedule import LearningRateScheduler
from .terminate import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LazyLogs",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
