"""Before any test imports mmpose, the package must have made it importable without compiled operators."""

from __future__ import annotations

import jmpose_mm  # noqa: F401
