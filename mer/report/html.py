"""A document as one HTML file: figures inside, no script, no network, made for a phone as well as a desk."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from mer.report.document import Block, Code, Document, Figure, Heading, Item, Row, Table, Text

__all__ = ["to_html"]

_STYLE = """
:root{color-scheme:light;--ink:#1a1a1a;--soft:#5c5c5c;--line:#dcdcdc;--best:#0072b2;--tied:#eaf3fa}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;
 font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink)}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-top:1px solid var(--line);padding-top:1rem}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{margin:.6rem 0;overflow-wrap:anywhere}
.table{margin:1rem 0 1.4rem}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.caption{font-weight:600;margin:0 0 .3rem}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums;
 border-top:1.5px solid var(--ink);border-bottom:1.5px solid var(--ink)}
th,td{padding:.28rem .7rem .28rem 0;text-align:left;vertical-align:top}
th{border-bottom:1px solid var(--ink);font-weight:600;white-space:nowrap}
th.n,td.n{text-align:right;white-space:nowrap;padding-left:.5rem}
td.w{min-width:11rem;overflow-wrap:anywhere}
tr.rule td{border-top:1px solid var(--soft)}
tbody tr:hover{background:#f6f6f6}
.best{font-weight:700;color:var(--best)}
.tied{background:var(--tied)}
.iv{color:var(--soft);font-size:.92em}
.note{color:var(--soft);font-size:.82rem;margin:.25rem 0}
figure{margin:1.2rem 0}
figure img{width:100%;height:auto;display:block}
figure img.wide{min-width:37rem}
figcaption{color:var(--soft);font-size:.85rem;margin-top:.3rem}
details{margin:.8rem 0}
summary{cursor:pointer;font-weight:600}
pre{background:#f5f5f5;padding:.7rem;overflow-x:auto;font-size:.82rem;white-space:pre-wrap;
 overflow-wrap:anywhere}
@media (max-width:600px){
 body{padding:.8rem}
 table{font-size:.78rem}
 th,td{padding-right:.55rem}
 .iv{display:block}
 td.w{min-width:9rem}
}
@media print{details{display:block}.scroll{overflow:visible}}"""


_PAGE_PT = 504.0
_WIDE_PT = 320  # a figure for a whole page: a phone scrolls it instead of shrinking it


def to_html(document: Document, figures: Path) -> str:
    """Return the whole report; the figures of `figures` are embedded as SVG."""
    blocks = "\n".join(_block(block, figures) for block in document.blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(document.title)}</h1>\n{blocks}\n</body>\n</html>\n"
    )


def _block(block: Block, figures: Path) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level + 1}>{escape(block.text)}</h{block.level + 1}>"
    if isinstance(block, Text):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Code):
        return f"<pre>{escape(block.text)}</pre>"
    if isinstance(block, Figure):
        return _figure(block, figures)
    return _table(block)


def _figure(figure: Figure, figures: Path) -> str:
    drawn = figures / f"{figure.stem}.svg"
    vector = drawn.exists()
    data = (drawn if vector else drawn.with_suffix(".png")).read_bytes()
    width = _width_pt(data) if vector else _PAGE_PT
    source = f"data:image/{'svg+xml' if vector else 'png'};base64,{base64.b64encode(data).decode()}"
    wide = ' class="wide"' if width > _WIDE_PT else ""
    # A figure made for a column stays as readable as a column, and never wider than the screen.
    return (
        f'<figure style="max-width:{width * 1.75:.0f}px"><div class="scroll"><img{wide} alt="{escape(figure.caption)}" '
        f'src="{source}"></div>'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _width_pt(svg: bytes) -> float:
    head = svg[:2000].decode("utf-8", "replace")
    return float(head.split('width="', 1)[1].split("pt", 1)[0])


def _table(table: Table) -> str:
    head = "".join(
        f'<th class="n">{escape(c.head)}</th>' if c.numeric else f"<th>{escape(c.head)}</th>" for c in table.columns
    )
    body = "\n".join(_row(row, table) for row in table.rows)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table.notes)
    whole = (
        f'<div class="scroll"><table data-key="{escape(table.key)}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>\n{notes}"
    )
    if table.folded:
        return f'<details class="table"><summary>{escape(table.caption)}</summary>\n{whole}</details>'
    return f'<div class="table"><p class="caption">{escape(table.caption)}</p>\n{whole}</div>'


def _row(row: Row, table: Table) -> str:
    cells = "".join(_item(item, column.numeric) for item, column in zip(row.items, table.columns, strict=True))
    return f'<tr class="rule">{cells}</tr>' if row.rule else f"<tr>{cells}</tr>"


def _item(item: Item, numeric: bool) -> str:
    long = not numeric and len(item.shown) > 40
    kind = " ".join(name for name, there in (("n", numeric), ("w", long), ("tied", item.mark == "tied")) if there)
    text = escape(item.text)
    if item.mark == "best":
        text = f'<span class="best">{text}</span>'
    elif item.mark == "tied":
        text += "†"
    interval = f' <span class="iv">{escape(item.interval)}</span>' if item.interval else ""
    opening = f'<td class="{kind}">' if kind else "<td>"
    return f"{opening}{text}{interval}</td>"
