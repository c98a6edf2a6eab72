"""Callbacks: what is done while a model trains, evaluates and predicts."""

from .backup import BackupAndRestore
from .callback import Callback, History, LambdaCallback
from .callback_list import CallbackList
from .checkpoint import ModelCheckpoint
from .csv_logger import CSVLogger
from .ema import SwapEMAWeights
from .learning_rate_finder import LearningRateFinder
from .logs import LazyLogs
from .monitor import EarlyStopping, ReduceLROnPlateau
from .orbax import OrbaxCheckpoint
from .progress import Progbar, ProgbarLogger
from .remote_monitor import RemoteMonitor
from .schedule import LearningRateScheduler
from .tensorboard import TensorBoard
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
    "LearningRateFinder",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "OrbaxCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
