"""`.github/isolated` holds what it runs: each limit is met by something that would pass it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_files import ROOT

SCRIPT = ROOT / ".github" / "isolated"


def docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


# where GitHub runs the tests there is docker, or the wall was not tried
pytestmark = pytest.mark.skipif(
    "GITHUB_ACTIONS" not in os.environ and not docker_answers(), reason="no docker daemon answers"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like a checkout: with a Python of its own, and something to spoil."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    (tmp_path / "README.md").write_text("as it was")
    tmp_path.chmod(0o755)
    return tmp_path


def run(checkout: Path, code: str, seconds: int = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, "results", str(seconds), ".venv/bin/python", "-c", code],
        cwd=checkout, capture_output=True, text=True, check=False, timeout=seconds + 60,
    )  # fmt: skip


def test_what_it_runs_can_write_to_its_folder_and_nowhere_else(checkout: Path) -> None:
    code = """
        open('results/a.json', 'w').write('{}')
        for place in ('README.md', '.venv/x', '/usr/x', '/etc/x', '/x'):
            try: open(place, 'w')
            except OSError: print('refused', place)
    """
    done = run(checkout, "if True:" + code)
    assert done.stdout.count("refused") == 5, done.stdout + done.stderr
    assert (checkout / "results" / "a.json").read_text() == "{}"
    assert (checkout / "README.md").read_text() == "as it was"


def test_it_has_no_network(checkout: Path) -> None:
    done = run(checkout, "import os; print(os.listdir('/sys/class/net'))")
    assert done.stdout.strip() == "['lo']", done.stderr


def test_it_is_nobody_with_no_right_to_gain(checkout: Path) -> None:
    done = run(
        checkout, "import os; print(os.getuid(), os.getgid()); print(open('/proc/self/status').read())"
    )
    assert done.stdout.startswith("65534 65534\n"), done.stderr
    assert "CapBnd:\t0000000000000000" in done.stdout
    assert "CapEff:\t0000000000000000" in done.stdout
    assert "NoNewPrivs:\t1" in done.stdout
    assert "Seccomp:\t2" in done.stdout


def test_it_knows_nothing_of_the_surroundings(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "a secret")
    done = run(checkout, "import os; print(dict(os.environ), os.listdir('/'))")
    assert "secret" not in done.stdout
    assert "'HOME': '/tmp'" in done.stdout
    assert "'home'" not in done.stdout


def test_memory_ends(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOLATED_MEMORY", "200m")
    done = run(checkout, "held = [b'x' * 2**20 for _ in range(400)]; print('all of it')")
    assert done.returncode == 137, done.stdout + done.stderr
    assert "all of it" not in done.stdout


def test_processes_end(checkout: Path) -> None:
    code = "import subprocess; held = [subprocess.Popen(['sleep', '30']) for _ in range(300)]"
    done = run(checkout, code)
    assert done.returncode != 0
    assert "Resource temporarily unavailable" in done.stderr


def test_files_end(checkout: Path) -> None:
    done = run(checkout, "open('results/large', 'wb').truncate(2**29)")
    assert done.returncode != 0
    assert "File too large" in done.stderr


def test_time_ends(checkout: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    assert run(checkout, code, seconds=2).returncode == 137


def test_an_answer_of_no_is_handed_on(checkout: Path) -> None:
    assert run(checkout, "raise SystemExit(1)").returncode == 1


def test_its_container_is_removed_with_it(checkout: Path) -> None:
    command = [
        SCRIPT,
        "results",
        "60",
        ".venv/bin/python",
        "-c",
        "import time; print('up', flush=True); time.sleep(60)",
    ]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        named = ["docker", "ps", "--all", "--quiet", "--filter", f"name=isolated-{process.pid}"]
        assert subprocess.run(named, capture_output=True, text=True, check=True).stdout != ""
        subprocess.run(["docker", "kill", f"isolated-{process.pid}"], capture_output=True, check=True)
        process.wait(60)
    assert subprocess.run(named, capture_output=True, text=True, check=True).stdout == ""
