"""How a text became tokens, in three numbers that tell a tokenizer that does not suit it."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from engine.data.tokenizer import TextTokenizer
from engine.runfiles.rundir import Finding

FEWEST_BYTES = 0.8
"""Bytes per token below which tokens stand for no text; a byte-level tokenizer without merges has one."""

MOST_BYTES = 30.0
"""Bytes per token above which text has been dropped; the largest vocabularies reach about 6 on prose, 20 on ruled lines."""

MOST_FREQUENT = 0.5
"""Share of one token above which it is no word: the commonest of English, by bytes, has less than a fifth."""

MOST_UNKNOWN = 0.02
"""Share of unknown tokens above which a model learns to say that it does not know."""

_PIECE = 1 << 22  # tokens counted at once


class TokenUse(BaseModel):
    """Bytes of text per token, the token that occurs most with its share, and the share of the unknown one, as fractions.

    The end-of-text token, which the build puts between documents, is not counted.
    """

    model_config = ConfigDict(frozen=True)

    bytes_per_token: float
    frequent_token: str
    frequent_share: float
    unknown_share: float

    def __str__(self) -> str:
        return (
            f"{self.bytes_per_token:.2f} bytes per token; the most frequent, {self.frequent_token!r}, is "
            f"{self.frequent_share:.1%} of them, unknown ones {self.unknown_share:.1%}"
        )

    def finding(self) -> Finding | None:
        """What is not plausible about it, if anything."""
        faults = []
        if self.bytes_per_token < FEWEST_BYTES:
            faults.append("tokens stand for less than a byte of text")
        if self.bytes_per_token > MOST_BYTES:
            faults.append("most of the text has become no token")
        if self.frequent_share > MOST_FREQUENT:
            faults.append("one token is most of the text")
        if self.unknown_share > MOST_UNKNOWN:
            faults.append("the tokenizer does not know much of the text")
        if not faults:
            return None
        return Finding(
            kind="tokenizer",
            update=0,
            severity="warning",
            evidence=f"{', and '.join(faults)}: {self}",
            advice="take a tokenizer that was made for such text, or data.tokenizer = bpe:VOCAB",
        )


def token_use(workplace: Path, dtype: str, tokenizer: TextTokenizer, text_bytes: int) -> TokenUse:
    """Count the tokens of both arrays in a directory."""
    counts = np.zeros(tokenizer.vocabulary, dtype=np.int64)
    for path in (workplace / "train.bin", workplace / "validation.bin"):
        with path.open("rb") as file:
            while len(ids := np.fromfile(file, dtype, _PIECE)):
                counts += np.bincount(ids, minlength=len(counts))
    if tokenizer.end_of_text is not None:
        counts[tokenizer.end_of_text] = 0
    total = max(1, int(counts.sum()))
    frequent, unknown = int(counts.argmax()), tokenizer.unknown
    return TokenUse(
        bytes_per_token=text_bytes / total,
        frequent_token=tokenizer.tokenizer.id_to_token(frequent) or "",
        frequent_share=int(counts[frequent]) / total,
        unknown_share=0.0 if unknown is None else int(counts[unknown]) / total,
    )
