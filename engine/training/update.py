"""One optimizer update: gradients of several micro-batches, clipped and applied."""

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.batches import Sequences
from engine.data.feed import TrainingFeed
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig


@dataclass(frozen=True, slots=True)
class UpdateScores:
    """Mean loss (nats per token) and accuracy over the tokens of an update, and the gradient norm before clipping.

    The values stay on the device, so that the host can run ahead of it. `data_seconds` is the time spent waiting for batches.
    """

    loss: Tensor
    accuracy: Tensor
    grad_norm: Tensor
    data_seconds: float


class Updater:
    """Carries out updates; which sequences an update learns from follows from its number alone."""

    def __init__(self, config: RunConfig, model: Transformer, optimizer: Optimizer, sequences: Sequences) -> None:
        self._batch_size = config.training.batch_size
        self._accumulation = config.training.accumulation
        self._model = model
        self._optimizer = optimizer
        self._feed = TrainingFeed(sequences, config.seed, config.training.batch_size)

    def run(self, update: int, lr: float) -> UpdateScores:
        """Carry out `update`, counted from 1, at learning rate `lr`."""
        self._model.train()
        losses, rights = [], []
        count = 0
        waited = self._feed.waited
        for micro in range(self._accumulation):
            position = ((update - 1) * self._accumulation + micro) * self._batch_size
            tokens_BL = self._feed.at(position)
            output = self._model(tokens_BL)
            prediction = predict(output.hidden_BLD, self._model.head, tokens_BL)
            loss = prediction.loss_sum / prediction.count + output.router_loss
            (loss / self._accumulation).backward()
            losses.append(prediction.loss_sum.detach())
            rights.append(prediction.correct)
            count += prediction.count
        grad_norm = self._optimizer.step(lr)
        self._model.balance_experts()
        loss, accuracy = torch.stack(losses).sum() / count, torch.stack(rights).sum() / count
        return UpdateScores(loss, accuracy, grad_norm, self._feed.waited - waited)
