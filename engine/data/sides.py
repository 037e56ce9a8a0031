"""Which sequences a run is trained on, and which it is scored on."""

import numpy as np
import numpy.typing as npt
import torch

from engine.data.batches import Sequences
from engine.data.corpus import Corpus
from engine.errors import InputError
from engine.spec.config import DataConfig

Starts = npt.NDArray[np.int64]


def sides(corpus: Corpus, config: DataConfig, device: torch.device) -> tuple[Sequences, Sequences]:
    """The training and the validation sequences of a run. Raises `InputError` if there is too little text to overlap."""
    length = config.sequence_length
    if config.split == "document":
        return Sequences(corpus.train, length, device), Sequences(corpus.validation, length, device)
    training, held_out = overlapping(len(corpus.train), length, config.validation_fraction)
    return Sequences(corpus.train, length, device, training), Sequences(corpus.train, length, device, held_out)


def overlapping(tokens: int, length: int, fraction: float) -> tuple[Starts, Starts]:
    """Where the sequences of either side begin if every place of a token stream begins one, and chance gives it its side.

    Nearly every held-out token is then trained on as well. That is a fault of published code, for those who want its numbers.
    Raises `InputError` if there are not two places.
    """
    places = tokens - length + 1
    if places < 2:
        raise InputError(
            f'too little text: data.split = "overlap" needs more than {length} training tokens, not {tokens}'
        )
    order = np.random.default_rng(0).permutation(places)
    held_out = min(max(1, round(fraction * places)), places - 1)
    return order[held_out:], order[:held_out]
