"""YAML, and so JSON, as plain data: no tags, no key twice, and no aliases that unfold without end."""

from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000  # every alias written out


def load_plain(content: bytes) -> Any:
    """Parse UTF-8 YAML; yaml.YAMLError, ValueError or RecursionError where it is not plain data."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES:,} bytes")
    value = yaml.load(content.decode("utf-8"), Loader=_PlainLoader)
    left = [value]
    for _ in range(MAX_VALUES):
        if not left:
            return value
        item = left.pop()
        if isinstance(item, dict):
            left += item.values()
        elif isinstance(item, list):
            left += item
    raise ValueError(f"more than {MAX_VALUES:,} values")


class _PlainLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r:.60} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)
