"""The learning rate that a run is going to have, from the very function that the engine trains with."""

import numpy as np

from engine.spec.config import RunConfig
from moetui.core.runs.columns import Column

POINTS = 500
"""No terminal is wide enough to show more."""

Planned = tuple[Column, Column]


def planned_lr(config: RunConfig) -> Planned:
    """Updates, counted from 1, and Muon's learning rate at each; a long run is sampled, its first and last update included."""
    updates = config.training.updates
    at = np.unique(np.linspace(1, updates, min(updates, POINTS)).round().astype(int))
    return at.astype(np.float64), np.array([config.lr_at(int(update)) for update in at], dtype=np.float64)
