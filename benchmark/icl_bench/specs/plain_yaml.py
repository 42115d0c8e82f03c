"""YAML, and so JSON, as plain data: no tags, no key twice, and nothing that unfolds without end."""

from collections.abc import Sequence
from typing import Any

import yaml
from yaml.composer import Composer

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000  # every alias written out
MAX_BITS = 64  # of a whole number; Python prints and compares longer ones slowly, or not at all


class PlainYAMLError(ValueError):
    """What keeps a file from being plain data, and the line where that is known, counted from 1."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def load_plain(content: bytes) -> Any:
    """Parse YAML; PlainYAMLError where it is not plain data, UnicodeDecodeError where it is not UTF-8."""
    if len(content) > MAX_BYTES:
        raise PlainYAMLError(f"larger than {MAX_BYTES:,} bytes")
    text = content.decode("utf-8")
    try:
        value = yaml.load(text, Loader=_PlainLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not YAML"
        raise PlainYAMLError(problem, mark.line + 1 if mark else None) from None
    except (ValueError, OverflowError) as error:  # a number or date that cannot be
        raise PlainYAMLError(str(error)) from None
    except RecursionError:
        raise PlainYAMLError("nested too deeply") from None
    _check_bounded(value)
    return value


class Lines:
    """Where things stand in a file that `load_plain` reads."""

    def __init__(self, content: bytes) -> None:
        self._root = yaml.compose(content.decode("utf-8"), Loader=_PlainLoader)

    def at(self, location: Sequence[Any]) -> int:
        """The line, counted from 1, of a path of keys and indices; what the file has not stands for what
        is around it."""
        node, line = self._root, 1
        for part in location:
            found = None
            if isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                found = (node.value[part], node.value[part])
            if found:
                line, node = found[0].start_mark.line + 1, found[1]
        return line


def _check_bounded(value: Any) -> None:
    left = [value]
    for _ in range(MAX_VALUES):
        if not left:
            return
        item = left.pop()
        if isinstance(item, int) and item.bit_length() > MAX_BITS:
            raise PlainYAMLError(f"a whole number of {item.bit_length():,} bits; at most {MAX_BITS} are read")
        if isinstance(item, dict):
            left += [*item, *item.values()]
        elif isinstance(item, list):
            left += item
    raise PlainYAMLError(f"more than {MAX_VALUES:,} values")


class _PlainLoader(Composer, yaml.CSafeLoader):  # two composers: the first is used
    """Libyaml's parser, which PyYAML's wheels have and which is several times as fast, under PyYAML's
    composer: where nesting is deep that raises RecursionError, and libyaml's overflows the stack."""

    def __init__(self, stream: str) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
        if getattr(event, "tag", None) is not None:
            problem = (
                f"the tag {event.tag!r:.60} is not read; write plain values, in quotes where they are text"
            )
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > MAX_BITS + 2:  # with 0b before it; Python parses long ones slowly, or not at all
            problem = f"a whole number of {len(node.value):,} digits; at most {MAX_BITS} bits are read"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return int(super().construct_yaml_int(node))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":  # merges of merges multiply before anything is counted
                problem = "merge keys (<<) are not read; write the keys out"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r:.60} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_PlainLoader.add_constructor("tag:yaml.org,2002:int", _PlainLoader.construct_yaml_int)
