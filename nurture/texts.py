"""Says which characters no text column holds; refuses to know where a text stands."""

from __future__ import annotations

import re
from typing import Final

UNFIT: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of a surrogate pair."""
