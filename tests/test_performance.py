"""The command that measures an accelerator runs on a CPU for a step, for the day one is at hand."""

import re
import subprocess
import sys
from pathlib import Path

MODELS = ("gpt2", "llama", "llama-rope-swigluless", "mamba")


def test_training_steps_are_measured_on_any_device() -> None:
    script = Path(__file__).parent / "performance/training.py"
    arguments = ["--device", "cpu", "--suite", "mini-v1", "--steps", "1", "--batch", "2"]
    done = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    for name in MODELS:
        batch, ours, theirs, ratio, share = rows[name]
        assert batch == "2"
        assert float(ours) > 0
        assert float(theirs) > 0
        assert all(re.fullmatch(r"[\d,]+\.\d%?", told) for told in (ratio, share))
    assert re.search(r"the 72 cells of mini-v1, one seed: [\d,]+\.\d hours", done.stdout)
