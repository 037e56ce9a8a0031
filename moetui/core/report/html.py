"""Documents as one HTML file that needs nothing else: styles and images are in it, and nothing is fetched or executed."""

import base64
import html as entities
from collections.abc import Iterator, Mapping
from typing import Final

from moetui.core.report.document import Block, Bullets, Command, Document, Heading, Paragraph, Picture, Table
from moetui.core.shown_text import flat

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #111; background: #fff; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.2em; border-bottom: 1px solid #bbb; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85em; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25em 0.7em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { border-bottom: 2px solid #111; } .number { text-align: right; white-space: nowrap; }
figure { margin: 1.5em 0; break-inside: avoid; } img { max-width: 100%; } figcaption { font-size: 0.85em; color: #444; }
pre { background: #f3f3f3; padding: 0.6em 1em; white-space: pre-wrap; }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } .wide { overflow: visible; } tr { break-inside: avoid; } }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html(document: Document, images: Mapping[str, bytes]) -> str:
    """The whole document; `images` are the PNG files that it shows, by name."""
    title = escape(document.title)
    body = "\n".join(line for block in document.blocks for line in _block(block, images))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def escape(text: str) -> str:
    """Text that is shown as it is, on one line; also within an attribute."""
    return entities.escape(flat(text))


def _block(block: Block, images: Mapping[str, bytes]) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"<h2>{escape(text)}</h2>"
        case Paragraph(text):
            yield f"<p>{escape(text)}</p>"
        case Bullets(items):
            yield f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table():
            yield from _table(block)
        case Picture(file, title, caption):
            source = base64.b64encode(images[file]).decode()
            yield f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{source}">'
            yield f"<figcaption>{escape(caption)}</figcaption></figure>"
        case Command(text):
            yield f"<pre>{escape(text)}</pre>"


def _table(block: Table) -> Iterator[str]:
    kinds = [' class="number"' if header in block.right else "" for header in block.headers]
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f"<th{kind}>{escape(header)}</th>" for header, kind in zip(block.headers, kinds, strict=True))
    yield "</tr></thead><tbody>"
    for row in block.rows:
        cells = (f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
