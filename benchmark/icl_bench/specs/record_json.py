"""How records are written: keys in a fixed order, one line a list of numbers, and no NaN."""

import json
import re
from typing import Any


def as_json(value: dict[str, Any]) -> str:
    """The text of a record's file."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[\n[\d\s.,e+-]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"
