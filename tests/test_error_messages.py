"""Every error names its fault and what to do, and has a code that programs can rely on."""

import ast
from pathlib import Path

import pytest

import icl_bench
from icl_bench import errors
from icl_bench.errors import CheckError, ICLBenchError, UnknownNameError

PACKAGE = Path(icl_bench.__file__).parent
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, ICLBenchError)
}
HOLE = "\0"  # what is filled in when the error is raised


def literal(node: ast.expr) -> str:
    """The text of a message as it is written, with a mark where something is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return HOLE


def messages() -> list[tuple[str, str]]:
    """Every message that is written where an error is made, and where."""
    raised = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
            if is_call and node.func.id in CLASSES.keys() - {"UnknownNameError"}:
                raised.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", literal(node.args[0])))
    return raised


def test_every_message_names_the_fault_and_then_the_remedy() -> None:
    """A message that ends in what is filled in is judged where those words are written."""
    written = [(place, text) for place, text in messages() if not text.endswith(f": {HOLE}")]
    written = [(place, text) for place, text in written if text.replace(HOLE, "").strip(" :;(),")]
    assert len(written) > 250
    lacking = [f"{place}: {text}" for place, text in written if "; " not in text]
    assert [text.replace(HOLE, "…") for text in lacking] == []


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [error.code for error in CLASSES.values() if error not in (UnknownNameError, CheckError)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", ["model", "task", "kind of entry"])
def test_an_unknown_name_tells_its_kind_by_its_code(kind) -> None:
    assert UnknownNameError(kind, "x", ["y"]).code == f"unknown-{kind.replace(' ', '-')}"


def test_a_broken_rule_is_the_code() -> None:
    with pytest.raises(CheckError) as caught:
        icl_bench.evaluate(lambda xs, ys: ys, "mini", ["linear_regression"])
    assert caught.value.code == "causality"
    assert caught.value.exit_code == 1
