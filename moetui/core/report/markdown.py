"""Documents as Markdown (GitHub's dialect, for the tables)."""

from collections.abc import Iterator

from moetui.core.report.document import Block, Bullets, Command, Document, Heading, Paragraph, Picture, Table
from moetui.core.shown_text import escaped, flat


def markdown(document: Document) -> str:
    """The whole document."""
    parts = [f"# {escaped(document.title)}", *(text for block in document.blocks for text in _block(block))]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"## {escaped(text)}"
        case Paragraph(text):
            yield escaped(text)
        case Bullets(items):
            yield "\n".join(f"- {escaped(item)}" for item in items)
        case Table():
            yield "\n".join(_table(block))
        case Picture(file, title, caption):
            yield f"![{escaped(title)}]({file})"
            yield f"*{escaped(caption)}*"
        case Command(text):
            yield f"```\n{flat(text)}\n```"


def _table(block: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(escaped, block.headers))} |"
    yield f"|{'|'.join('---:' if header in block.right else '---' for header in block.headers)}|"
    for row in block.rows:
        yield f"| {' | '.join(map(escaped, row))} |"
