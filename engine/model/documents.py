"""Who sees whom: each token itself and those before it, and with documents apart only those of its own document."""

import torch
from torch import Tensor


def attention_mask(tokens_BM: Tensor, length: int, end_of_text: int | None) -> Tensor | None:
    """Which of M tokens each of the last `length` may attend to, (B or 1, 1, length, M), or None for plain causality over M = L.

    With the id `end_of_text`, attention stays within a document; that token is the last of its own. None lets it cross.
    """
    m = tokens_BM.shape[1]
    if end_of_text is None and length == m:
        return None
    earlier_LM = torch.ones(length, m, dtype=torch.bool, device=tokens_BM.device).tril(m - length)
    if end_of_text is None:
        return earlier_LM[None, None]
    ends_BM = tokens_BM == end_of_text
    document_BM = ends_BM.cumsum(dim=1) - ends_BM.long()
    same_BLM = document_BM[:, -length:, None] == document_BM[:, None, :]
    return (same_BLM & earlier_LM).unsqueeze(1)
