"""Waiting for the validation loss to fall: what early stopping and the plateau schedule have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """The loss that the next evaluation must fall below, and the evaluations in a row that did not."""

    best: float | None = None
    waited: int = 0

    def after(self, loss: float, *, relative: float = 0.0, absolute: float = 0.0) -> "Patience":
        """The state after one more evaluation; a gain falls by more than both margins. A loss that is no number is no gain."""
        if loss == loss and (self.best is None or loss < self.best * (1.0 - relative) - absolute):
            return Patience(loss)
        return Patience(self.best, self.waited + 1)
