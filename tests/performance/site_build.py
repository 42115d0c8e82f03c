"""The site of many results: built from them, and by the whole command in a checkout of the submissions."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fabricated

from icl_bench.models.reference import reference_spec
from icl_bench.resources import data_folder
from icl_bench.specs.result import ResultRecord
from icl_bench.specs.submission import folder_name, parse_submission
from icl_bench.submissions.compose import as_yaml

MODELS, DISTINCT = 1_000, 24
LIKES = ("llama", "gpt2", "mamba", "gpt2-rms")


def of_results() -> tuple[float, float, int]:
    """Seconds from results to files, kilobytes of the front page, and how many files there are."""
    entries = fabricated.many_entries(MODELS, DISTINCT)
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        start = time.perf_counter()
        count = fabricated.build(site, entries)
        return time.perf_counter() - start, (site / "index.html").stat().st_size / 1e3, count


def of_submissions() -> tuple[float, float, int]:
    """The same of `icl-bench leaderboard build`, which starts, reads the submissions and lists references."""
    with tempfile.TemporaryDirectory() as folder:
        checkout, site = Path(folder) / "checkout", Path(folder) / "site"
        copy_checkout(checkout)
        add_submissions(checkout / "submissions")
        command = [sys.executable, "-m", "icl_bench", "leaderboard", "build", "--out", str(site)]
        environment = os.environ | {"PYTHONPATH": str(checkout / "benchmark")}
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed: {done.stderr}")
        count = sum(path.is_file() for path in site.rglob("*"))
        return seconds, (site / "index.html").stat().st_size / 1e3, count


def copy_checkout(checkout: Path) -> None:
    """What a site is built from, without the submissions. Frozen prompts are read where they are."""
    root = data_folder("tasks").parent
    for name in ("benchmark", "leaderboard", "submissions/reference"):
        shutil.copytree(root / name, checkout / name)
    (checkout / "tasks").symlink_to(root / "tasks")


def add_submissions(folder: Path) -> None:
    """As many as MODELS, few of them with errors of their own: the others share theirs under other names."""
    texts = [_texts(f"user/model-{k}", 0.2 + k / 20, LIKES[k % len(LIKES)]) for k in range(DISTINCT)]
    for k in range(MODELS):
        name, place = f"user-{k % 97}/model-{k}", k % DISTINCT
        results = folder / folder_name(name) / "results"
        results.mkdir(parents=True)
        submission, record = (text.replace(f"user/model-{place}", name) for text in texts[place])
        (results.parent / "submission.yaml").write_text(submission)
        (results / f"{fabricated.SUITE}-seed-0.json").write_text(record)


def _texts(name: str, share: float, like: str) -> tuple[str, str]:
    """The files of a submission and of its record."""
    record = fabricated.record(name, share, like=like)
    submission = parse_submission(_submission(record, like), name)
    return as_yaml(submission), record.to_json()


def _submission(record: ResultRecord, like: str) -> dict[str, object]:
    files = {f"{task}/config.json": "d" * 64 for task in record.tasks}
    for task, result in record.tasks.items():
        assert result.checkpoint is not None
        files[f"{task}/model.safetensors"] = result.checkpoint.sha256
    spec, *_ = specs = [reference_spec(like, fabricated.SUITE, task).to_dict() for task in record.tasks]
    own = {task: own_spec for task, own_spec in zip(record.tasks, specs, strict=True) if own_spec != spec}
    return {
        "schema": 1,
        "model": record.model.id,
        "suites": [fabricated.SUITE],
        "runs": [{"seed": 0, "revision": record.model.revision, "files": files}],
        "spec": spec,
        "specs": own,
        "licence": "apache-2.0",
        "authors": ["A. Author"],
        "training_data": "Prompts that the training loop draws.",
        "description": "A model that was made up to measure how long a site takes.",
    }
