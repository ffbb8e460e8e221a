"""Codecs of drawn films: their encoders, and what may be asked of them."""

from __future__ import annotations

from jmpose_mm.errors import UsageError

__all__ = ['CODECS', 'check_encoding']

# Encoders, the best first, and their settings. No frame waits for a later one: in mp4, films
# of a variable rate would end too early. `veryfast` takes 3 times as long, for 0.6 of the bytes.
CODECS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    'h264': (('libx264', 'libopenh264', 'h264'), {'preset': 'ultrafast', 'bf': '0'}),
    'hevc': (
        ('libx265', 'hevc'),
        {'preset': 'veryfast', 'tag': 'hvc1', 'x265-params': 'bframes=0:log-level=none'},
    ),
    'vp9': (('libvpx-vp9',), {'cpu-used': '6', 'b': '0', 'row-mt': '1', 'lag-in-frames': '0'}),
    'av1': (('libsvtav1', 'libaom-av1'), {'preset': '9'}),
}
# Of the constant rate factor, from 0.
LARGEST_FACTORS = {'h264': 51, 'hevc': 51, 'vp9': 63, 'av1': 63}


def check_encoding(codec: str, quality: int) -> None:
    """Raise `UsageError` unless a codec exists and takes a quality.

    Example:
        >>> check_encoding('h264', 23)
        >>> check_encoding('h264', 60)
        Traceback (most recent call last):
        jmpose_mm.errors.UsageError: quality: expected 0 (best) to 51 for h264, got 60
    """
    if codec not in CODECS:
        raise UsageError(f'codec: expected one of {", ".join(CODECS)}, got {codec!r}')
    largest = LARGEST_FACTORS[codec]
    if not 0 <= quality <= largest:
        raise UsageError(f'quality: expected 0 (best) to {largest} for {codec}, got {quality}')
