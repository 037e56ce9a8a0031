"""Which documents are held out for validation."""

import hashlib


def is_validation(text: str, fraction: float) -> bool:
    """Whether a document belongs to the validation split, decided by its text alone.

    So no text is on both sides, and a corpus that grows keeps every document where it was.
    """
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < fraction * 2**64
