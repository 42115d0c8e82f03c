"""Imports point downwards only, and nothing is imported before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import icl_bench

PACKAGE = Path(icl_bench.__file__).parent

# A part may import from its own level or from one further down (a smaller number).
LEVELS = {
    "errors": 0,
    "charts": 1,
    "compiled": 1,
    "files": 1,
    "git": 1,
    "interruptions": 1,
    "locks": 1,
    "resources": 1,
    "predictor": 1,
    "progress": 1,
    "temporary": 1,
    "workers": 2,
    "specs": 2,
    "environment": 3,
    "function_classes": 3,
    "shifts": 4,
    "blocks": 3,
    "baselines": 4,
    "suites": 5,
    "scoring": 6,
    "models": 6,
    "frozen": 7,
    "entries": 7,
    "evaluation": 8,
    "records": 9,
    "ranking": 10,
    "display": 10,
    "model_card": 11,
    "training": 11,
    "submissions": 12,
    "leaderboard": 13,
    "__init__": 14,
    "cli": 15,
    "__main__": 16,
}


def imported_parts(path: Path) -> set[str]:
    """The parts of the package that a file imports anywhere, inside functions too."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "icl_bench":  # `from icl_bench import x` means the part x, or a name of the top
                names = [f"icl_bench.{a.name if a.name in LEVELS else '__init__'}" for a in node.names]
            assert node.level == 0, f"{path}: relative import"
        parts |= {name.split(".")[1] for name in names if name.startswith("icl_bench.")}
        if "icl_bench" in names:
            parts.add("__init__")
    return parts


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_part_has_a_level() -> None:
    found = {part_of(path) for path in PACKAGE.rglob("*.py") if "_bundled" not in path.parts}
    assert found <= set(LEVELS)


def test_imports_point_downwards() -> None:
    upward = [
        f"{path.relative_to(PACKAGE)} imports {part}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for part in sorted(imported_parts(path))
        if part_of(path) != "__init__" and LEVELS[part] > LEVELS[part_of(path)]
    ]
    assert upward == []


def test_models_do_not_import_the_compiler() -> None:
    """It takes as long as torch itself; whoever compiles imports it."""
    code = "import sys, icl_bench.models.model; print('torch' in sys.modules, 'torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_help_imports_nothing_heavy() -> None:
    """`icl-bench --help` has half a second; torch alone takes longer."""
    heavy = "torch numpy pandas scipy sklearn datasets pydantic numba huggingface_hub"
    code = f"import sys, icl_bench, icl_bench.cli; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
