"""Keys and values of the tokens read so far, so that the next token is computed without them."""

import torch
from torch import Tensor


class LayerCache:
    """Keys and values of one layer, each (B, heads of keys and values, M tokens, head width)."""

    def __init__(self) -> None:
        self._kept: tuple[Tensor, Tensor] | None = None

    def extend(self, k_BHLW: Tensor, v_BHLW: Tensor) -> tuple[Tensor, Tensor]:
        """Add those of L tokens; returns those of all tokens so far."""
        if self._kept is not None:
            k_BHLW, v_BHLW = (torch.cat(pair, dim=2) for pair in zip(self._kept, (k_BHLW, v_BHLW), strict=True))
        self._kept = (k_BHLW, v_BHLW)
        return self._kept


class Cache:
    """What a model remembers of the M tokens it has read: keys and values of each layer, and the tokens themselves."""

    def __init__(self, n_layers: int) -> None:
        self.layers = [LayerCache() for _ in range(n_layers)]
        self.tokens_BM: Tensor | None = None

    @property
    def length(self) -> int:
        """Tokens read so far."""
        return 0 if self.tokens_BM is None else self.tokens_BM.shape[1]

    def read(self, tokens_BL: Tensor) -> Tensor:
        """Note that L tokens are being read; returns all tokens so far, (B, M)."""
        self.tokens_BM = tokens_BL if self.tokens_BM is None else torch.cat((self.tokens_BM, tokens_BL), dim=1)
        return self.tokens_BM
