"""One optimizer update: gradients of several micro-batches, clipped and applied."""

import gc
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.batches import Sequences
from engine.data.feed import TrainingFeed
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.memory import is_out_of_memory
from engine.training.noise import begin_noise


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
    """Carries out updates; which sequences an update learns from follows from its number alone.

    `at_once` is the number of sequences that are computed together: those of a micro-batch or, with `training.micro_batch = auto`,
    the largest half, quarter and so on that was seen to fit into memory.
    """

    def __init__(self, config: RunConfig, model: Transformer, optimizer: Optimizer, sequences: Sequences) -> None:
        self._batch_size = config.training.batch_size
        self._accumulation = config.training.accumulation
        self._seed = config.seed
        self._model = model
        self._optimizer = optimizer
        self._feed = TrainingFeed(sequences, config.seed, config.training.batch_size)
        self._device = sequences.device
        self._divides = config.training.micro_batch == "auto"
        self.at_once = config.training.batch_size

    def run(self, update: int, lr: float) -> UpdateScores:
        """Carry out `update`, counted from 1, at learning rate `lr`."""
        self._model.train()
        waited = self._feed.waited
        loss, accuracy = self._divided(update) if self._divides else self._gradients(update)
        grad_norm = self._optimizer.step(lr)
        self._model.balance_experts()
        return UpdateScores(loss, accuracy, grad_norm, self._feed.waited - waited)

    def _gradients(self, update: int) -> tuple[Tensor, Tensor]:
        """Add up the gradients of all micro-batches of an update; its loss and accuracy."""
        losses, rights = [], []
        count = 0
        for micro in range(self._accumulation):
            position = ((update - 1) * self._accumulation + micro) * self._batch_size
            begin_noise(self._seed, update, micro)
            for tokens_BL in self._feed.at(position).split(self.at_once):
                output = self._model(tokens_BL)
                prediction = predict(output.hidden_BLD, self._model.head, tokens_BL)
                loss = prediction.loss_sum / prediction.count + output.router_loss
                share = len(tokens_BL) / self._batch_size
                (loss * share / self._accumulation).backward()
                losses.append(prediction.loss_sum.detach())
                rights.append(prediction.correct)
                count += prediction.count
        return torch.stack(losses).sum() / count, torch.stack(rights).sum() / count

    def _divided(self, update: int) -> tuple[Tensor, Tensor]:
        """`_gradients`, with smaller parts of the micro-batches for as long as they do not fit."""
        while True:
            try:
                return self._gradients(update)
            except Exception as error:
                if self.at_once == 1 or not is_out_of_memory(error):
                    raise
            # Only here are the error and the tensors that it holds gone.
            self.at_once = -(-self.at_once // 2)
            self._optimizer.drop_gradients()
            self._model.forget_assignments()
            gc.collect()
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
