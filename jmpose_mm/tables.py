"""Tables as text, by rich, which mmengine brings: for a terminal or a log, and in Markdown."""

from __future__ import annotations

from collections.abc import Container, Sequence

__all__ = ['markdown_table', 'plain_table']


def plain_table(rows: Sequence[Sequence[str]], left: Container[int] = (0,)) -> str:
    """A table without lines, two spaces between its columns.

    Args:
        rows: Cells of the header and of the rows below it, as many in each.
        left: Numbers of the columns that stand on the left; the others stand on the right.

    Returns:
        Lines without spaces at their ends.
    """
    return '\n'.join(_lines(rows, left, None, (0, 2, 0, 0)))


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that is as readable in its source; the first column left, the others right."""
    from rich import box

    # A bar in a name would end its cell.
    cells = [[cell.replace('|', r'\|') for cell in row] for row in (header, *rows)]
    first, rule, *others = _lines(cells, (0,), box.MARKDOWN, (0, 1))
    # rich does not write which side a column stands on.
    left, *right = rule.strip('|').split('|')
    rule = '|'.join([left, *(dashes[:-1] + ':' for dashes in right)])
    return '\n'.join([first, f'|{rule}|', *others])


def _lines(
    rows: Sequence[Sequence[str]], left: Container[int], box: object, padding: tuple[int, ...]
) -> list[str]:
    import io

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box, padding=padding, pad_edge=box is not None)  # type: ignore[arg-type]
    header, *body = rows
    for number, name in enumerate(header):
        side = 'left' if number in left else 'right'
        table.add_column(Text(name), justify=side, no_wrap=True, min_width=3 if box else None)  # type: ignore[arg-type]
    for row in body:
        # Text: brackets and colons in a name are no markup.
        table.add_row(*map(Text, row))
    # So wide that nothing is cut; not the width of a terminal, which a log does not have.
    console = Console(file=io.StringIO(), width=100_000, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]
