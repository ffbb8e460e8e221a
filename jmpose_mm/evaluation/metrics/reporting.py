"""What every metric prints: a table, and before it the protocol without which it says nothing."""

from __future__ import annotations

from typing import Any

from mmengine.logging import MMLogger

__all__ = ['check_boxes', 'log_table', 'protocol_text']


def check_boxes(boxes: Any) -> None:
    """Raise ``ValueError`` unless the source of the boxes is named."""
    if not isinstance(boxes, str) or not boxes.strip():
        raise ValueError(
            "boxes: expected the source of the boxes, e.g. 'ground truth' or the name of a "
            f'detection file, got {boxes!r}'
        )


def protocol_text(protocol: str | dict[str, Any]) -> str:
    """A protocol as one line."""
    if isinstance(protocol, dict):
        protocol = ', '.join(f'{name}: {value}' for name, value in protocol.items())
    return protocol or 'not stated'


def log_table(title: str, info: dict[str, str], table: list[list[str]]) -> None:
    """Log ``title``, what makes the numbers comparable, and the rows of ``table``."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        '  '.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    ]
    said = ' | '.join(f'{name}: {value}' for name, value in info.items())
    MMLogger.get_current_instance().info('%s, %s\n%s', title, said, '\n'.join(lines))
