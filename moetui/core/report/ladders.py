"""The section of a report on ladders: how the best learning rate moves with the size."""

from collections.abc import Iterator, Sequence

from moetui.core.report.document import Block, Bullets, Paragraph, table
from moetui.core.studies.transfer import Transfer
from moetui.core.studies.transfer_words import prediction, sentences, size_headers, size_rows


def ladder_blocks(ladders: Sequence[Transfer]) -> Iterator[Block]:
    """Each ladder with its sizes and what they say."""
    for one in ladders:
        if one.name:
            yield Paragraph(f"With {one.name}:")
        headers = size_headers(one)
        yield table(headers, size_rows(one), right=headers[:-1])
        told = [] if one.line is None else [prediction(one, one.line.next_size)]
        yield Bullets((*sentences(one), *told))
