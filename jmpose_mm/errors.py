"""The exception that users see: its message is one line that says what to change."""

from __future__ import annotations

__all__ = ['UsageError']


class UsageError(ValueError):
    """What the user asked for cannot be done; the message is one line that says what to change."""
