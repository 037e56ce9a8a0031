"""The model, head and optimizer of this engine, used as `engine.training.update` uses them."""

import torch
from torch import Tensor

from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig


class Own:
    """float32 weights; the products of attention, experts and head in `dtype`."""

    def __init__(self, config: RunConfig, device: torch.device, dtype: torch.dtype) -> None:
        self.config = config
        self.model = Transformer(config.model, dtype)
        self.model.initialize()
        self.model.to(device)
        self.optimizer = Optimizer(self.model, config.optimizer, dtype)

    def forward_backward(self, tokens_BL: Tensor) -> Tensor:
        """Add the gradients of a micro-batch."""
        output = self.model(tokens_BL)
        prediction = predict(output.hidden_BLD, self.model.head, tokens_BL)
        loss: Tensor = prediction.loss_sum / prediction.count + output.router_loss
        loss.backward()
        return loss.detach()

    def step(self) -> None:
        """Muon and AdamW, and the balance of the experts."""
        self.optimizer.step(self.config.optimizer.lr)
        self.model.balance_experts()
