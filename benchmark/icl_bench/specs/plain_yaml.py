"""YAML, and so JSON, as plain data: no tags, no key twice, and nothing that unfolds without end.

What a reader of the file sees is what is read: no character of it is unseen, and no number is another one
than it looks like (YAML 1.1 has 0100 for 64, 10:00 for 600, and 1e-3 for text).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import yaml
from yaml.composer import Composer

from icl_bench.specs.text import first_unseen

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000  # every alias written out
MAX_BITS = 64  # of a whole number; Python prints and compares longer ones slowly, or not at all


class PlainYAMLError(ValueError):
    """What keeps a file from being plain data, and the line where that is known, counted from 1."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def load_plain(content: bytes) -> Any:
    """Parse YAML; PlainYAMLError where it is not plain data, UnicodeDecodeError where it is not UTF-8.

    A byte order mark at the start, and line ends of Windows, are as if they were not there.
    """
    if len(content) > MAX_BYTES:
        raise PlainYAMLError(f"larger than {MAX_BYTES:,} bytes")
    text = _decoded(content)
    _check_seen(text)
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
    """The lines of values in a file that `load_plain` reads."""

    def __init__(self, content: bytes) -> None:
        self._root = yaml.compose(_decoded(content), Loader=_PlainLoader)

    def at(self, location: Sequence[Any]) -> int:
        """The line, counted from 1, of a path of keys and indices; for what the file lacks, the line of
        what is around it."""
        node, line = self._root, 1
        for part in location:
            pair = None
            if isinstance(node, yaml.MappingNode):
                pair = next((each for each in node.value if each[0].value == str(part)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                pair = (node.value[part], node.value[part])
            if pair:
                line, node = pair[0].start_mark.line + 1, pair[1]
        return line


def dump_plain(value: Any, **formats: Any) -> str:
    """Plain data as YAML that `load_plain` reads as the same data, keys in their order.

    `formats` are those of `yaml.dump`.
    """
    return str(yaml.dump(value, Dumper=PlainDumper, sort_keys=False, **formats))


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _check_seen(text: str) -> None:
    """PlainYAMLError where a line holds what no reader of it sees: YAML ends lines where a diff does not, and
    what looks like a comment may be none."""
    for number, line in enumerate(text.split("\n"), start=1):
        character = first_unseen(line)
        if character == "\t":
            raise PlainYAMLError("a tab looks like spaces; write spaces", number)
        if character is not None:
            name = unicodedata.name(character, "a control character")
            raise PlainYAMLError(f"U+{ord(character):04X} ({name}) is invisible; remove it", number)


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
        _check_number(node)
        return int(super().construct_yaml_int(node))

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        _check_number(node)
        number = float(super().construct_yaml_float(node))
        if math.isinf(number) and "inf" not in node.value.lower():
            problem = f"{node.value:.60} is too large for a number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":  # merges of merges multiply before anything is counted
                problem = "merge keys (<<) are not read; write the keys out"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"duplicate key {key.value!r:.60}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


class PlainDumper(yaml.SafeDumper):
    """Writes text in quotes where `load_plain` would take it for something else, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _check_number(node: yaml.ScalarNode) -> None:
    """An error where YAML 1.1 reads another number than the one that is written."""
    if ":" in node.value:
        problem = f"{node.value!r:.60} is read as a number to the base 60; write it out, or as text in quotes"
    elif re.match(r"[-+]?0[0-9_]", node.value):
        problem = f"{node.value!r:.60} begins with a zero; write the number without it, or as text in quotes"
    else:
        return
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_PlainLoader.add_constructor("tag:yaml.org,2002:int", _PlainLoader.construct_yaml_int)
_PlainLoader.add_constructor("tag:yaml.org,2002:float", _PlainLoader.construct_yaml_float)
PlainDumper.add_representer(str, PlainDumper.represent_text)
_POWER_OF_TEN = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$")
for _class in (_PlainLoader, PlainDumper):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", _POWER_OF_TEN, list("-+.0123456789"))
