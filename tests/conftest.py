"""Before a test imports mmpose, the package makes it importable without compiled operators."""

from __future__ import annotations

import jmpose_mm  # noqa: F401
