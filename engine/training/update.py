"""One optimizer update: gradients of several micro-batches, clipped and applied."""

import gc
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.batches import Sequences
from engine.data.feed import TrainingFeed
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.ranks.ranks import Ranks
from engine.spec.config import RunConfig
from engine.spec.harmless import one_line
from engine.training.memory import is_out_of_memory
from engine.training.noise import begin_noise
from engine.training.noise_scale import NoiseMeter
from engine.training.passes import PlainPasses
from engine.training.ways import instead, open_passes


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
    the largest half, quarter and so on that was seen to fit into memory. After a try that ran out of memory, it is limited.
    `passes` is the way in which micro-batches are computed now.
    """

    def __init__(
        self,
        config: RunConfig,
        model: Transformer,
        optimizer: Optimizer,
        sequences: Sequences,
        ranks: Ranks | None = None,
    ) -> None:
        """`ranks`: those that carry out each update together, and the place of this one; alone if it is not said."""
        self._ranks = ranks or Ranks()
        self._mine = self._ranks.share(config.training.accumulation)
        self._batch_size = config.training.batch_size
        self._accumulation = config.training.accumulation
        self._seed = config.seed
        self._model = model
        self._optimizer = optimizer
        self._feed = TrainingFeed(sequences, config.seed, config.training.batch_size, self._after)
        self._device = sequences.device
        self._length = sequences.length
        self._divides = config.training.micro_batch == "auto"
        self.at_once = config.training.batch_size
        self._training = config.training
        self.passes = open_passes(config.training, model, sequences.device)
        self.noise = NoiseMeter(config, optimizer, len(self._mine)) if config.training.noise_scale else None

    def limit(self, most: int) -> None:
        """Compute no more than so many sequences at once, and fewer if they do not fit."""
        self.at_once = min(self.at_once, most)
        self._divides = True

    def run(self, update: int, lr: float) -> UpdateScores:
        """Carry out `update`, counted from 1, at learning rate `lr`."""
        self._model.train()
        waited = self._feed.waited
        scores_2M = self._learn(update)
        self._add_up(scores_2M)
        if self.noise is not None:
            self.noise.end(self._ranks)
        grad_norm = self._optimizer.step(lr)
        self._model.balance_experts()
        loss_sum, right = scores_2M.view(2, -1)
        predictions = self._accumulation * self._batch_size * (self._length - 1)
        loss, accuracy = loss_sum.float().sum() / predictions, right.long().sum() / predictions
        return UpdateScores(loss, accuracy, grad_norm, self._feed.waited - waited)

    def _gradients(self, update: int) -> Tensor:
        """Add up the gradients of this rank's micro-batches of an update.

        Returns for every micro-batch of the update its loss, summed over its tokens, and then for every one the number of tokens
        predicted right, (2M,) float64; zero for those of other ranks.
        """
        scores_2M = torch.zeros(2 * self._accumulation, dtype=torch.float64, device=self._device)
        if self.noise is not None:
            self.noise.begin()
        for micro in self._mine:
            position = ((update - 1) * self._accumulation + micro) * self._batch_size
            begin_noise(self._seed, update, micro)
            for tokens_BL in self._feed.at(position).split(self.at_once):
                loss_sum, right = self.passes.run(tokens_BL, len(tokens_BL) / self._batch_size)
                scores_2M[micro] += loss_sum
                scores_2M[self._accumulation + micro] += right
            if self.noise is not None:
                self.noise.add()
        return scores_2M

    def _add_up(self, scores_2M: Tensor) -> None:
        """Add up what the ranks have come to: gradients, scores, and how many tokens each expert got."""
        if self._ranks.count > 1:
            self._ranks.add_up(self._optimizer.gradients())
            assigned = [router.assigned_E for router in self._model.routers()]
            # Whole numbers below 2**53 are exact in float64.
            counts = [scores_2M, *(assigned_E.double() for assigned_E in assigned)]
            self._ranks.add_up(counts)
            for assigned_E, count_E in zip(assigned, counts[1:], strict=True):
                assigned_E.copy_(count_E)

    def _after(self, position: int) -> int:
        """The position of this rank's next micro-batch."""
        micro = position // self._batch_size % self._accumulation
        skipped = self._accumulation - len(self._mine) if micro + 1 not in self._mine else 0
        return position + (1 + skipped) * self._batch_size

    def _learn(self, update: int) -> Tensor:
        """`_gradients`; if the way in which they are computed fails, once more in the plain way."""
        learn = self._divided if self._divides else self._gradients
        try:
            return learn(update)
        except Exception as error:
            if isinstance(self.passes, PlainPasses) or is_out_of_memory(error):
                raise
            words = one_line(f"{type(error).__name__}: {error}")[:200]
        self.passes = instead(self._training, self._model, words)
        self._begin_again()
        return learn(update)

    def _begin_again(self) -> None:
        """Forget what was computed of an update."""
        self._optimizer.drop_gradients()
        self._model.forget_assignments()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _divided(self, update: int) -> Tensor:
        """`_gradients`, with smaller parts of the micro-batches for as long as they do not fit."""
        while True:
            try:
                return self._gradients(update)
            except Exception as error:
                if self.at_once == 1 or not is_out_of_memory(error):
                    raise
            # Only here are the error and the tensors that it holds gone.
            self.at_once = -(-self.at_once // 2)
            self.passes.forget()
            self._begin_again()
