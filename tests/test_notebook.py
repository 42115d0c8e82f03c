"""The notebook: ten cells at most, stored without outputs, and it runs from its first line to its last."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "benchmark" / "getting_started.ipynb"
MOST_CELLS = 10
CELLS = json.loads(PATH.read_text(encoding="utf-8"))["cells"]
CODE = {cell["id"]: "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"}
STEPS = "steps=2000"

# what a notebook does with the last expression of a cell, and with lines that begin with an exclamation mark;
# it imports nothing into the notebook's own names
SHOW = """
def show(cell, value):
    import json
    html = getattr(value, "_repr_html_", lambda: None)() or ""
    png = getattr(value, "_repr_png_", lambda: b"")()
    print(json.dumps({"cell": cell, "type": type(value).__name__, "html": html, "png": len(png)}))

def shell(cell, command):
    import json, shlex, subprocess
    done = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True)
    print(json.dumps({"cell": cell, "stdout": done.stdout}))
"""


def as_script() -> str:
    """The cells but for the installation, in order, with fewer steps of training."""
    parts = [SHOW]
    for name, source in CODE.items():
        if name == "install":
            continue
        lines = [
            f"shell({name!r}, f{line[1:]!r})" if line.startswith("!") else line
            for line in source.replace(STEPS, "steps=10").splitlines()
        ]
        tree = ast.parse("\n".join(lines))
        last = tree.body[-1]
        if isinstance(last, ast.Expr) and not ast.unparse(last).startswith(("shell(", "print(")):
            tree.body[-1] = ast.parse(f"show({name!r}, {ast.unparse(last)})").body[0]
        parts.append(ast.unparse(tree))
    return "\n".join(parts)


def test_it_is_ten_cells_without_outputs() -> None:
    assert len(CELLS) <= MOST_CELLS
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
    assert len(CODE) == len(code)


def test_what_it_installs_is_there() -> None:
    (command,) = [line for line in CODE["install"].splitlines() if line.startswith("%pip install ")]
    extra, constraints = re.findall(r'"\.\.\[(\w+)\]" --constraint (\S+)$', command)[0]
    assert (PATH.parent / constraints).resolve() == ROOT / "constraints.txt"
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_it_runs_to_a_network_on_a_local_board(tmp_path: Path) -> None:
    script = as_script()
    assert "steps=10" in script
    (tmp_path / "notebook.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    by_cell = {output["cell"]: output for output in shown}
    assert "decision_tree" in by_cell["suite"]["html"]
    assert "<th>x4</th>" in by_cell["prompt"]["html"]
    assert by_cell["record"]["type"] == "ResultRecord"
    assert "<strong>gru</strong>" in by_cell["record"]["html"]
    assert by_cell["curves"]["png"] > 1_000
    assert "<td>reference/gpt2</td>" in by_cell["comparison"]["html"]
    assert " gru " in by_cell["board"]["stdout"]
