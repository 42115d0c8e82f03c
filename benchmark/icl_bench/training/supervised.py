"""`python -m icl_bench.training.supervised ORDER`: train cells of a sweep in one process, which ends with it.

Its standard input is a pipe whose other end the sweep alone holds. However the sweep ends, killed too, the
pipe ends with it, and the process is interrupted: it saves the state of every run. At its end it prints what
went wrong, by folder, as JSON.
"""

import _thread
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from icl_bench.errors import ICLBenchError
from icl_bench.interruptions import let_signals_interrupt
from icl_bench.training.group import RunGroup
from icl_bench.training.plan import RunPlan

STANDARD_INPUT = 0
GRACE_SECONDS = 600.0  # to end a step, which may have to be compiled, and save the state
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def command(plans: Mapping[Path, RunPlan], device: str, resume: bool, locked: bool = True) -> list[str]:
    """What starts or resumes runs that are trained together, each in its folder; `locked` as RunState."""
    named = {str(folder): plan.identity() for folder, plan in plans.items()}
    order = json.dumps({"plans": named, "device": device, "resume": resume, "locked": locked})
    return [sys.executable, "-m", "icl_bench.training.supervised", order]


def main() -> None:
    """Carry out the order until it is done or the standard input ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with it ignored
    let_signals_interrupt()
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        failed = _train(json.loads(sys.argv[1]))
    except ICLBenchError as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    print(json.dumps(failed))
    sys.exit(1 if failed else 0)


def _train(order: dict[str, Any]) -> dict[str, str]:
    """What went wrong, by folder."""
    plans = {Path(folder): RunPlan.of_identity(identity) for folder, identity in order["plans"].items()}
    group = RunGroup.of_plans(plans, order["device"], order["locked"])
    group.run_to_end(order["resume"])
    return {str(run.folder): message for run, message in group.failed.items()}


def _end_with_input() -> None:
    while os.read(STANDARD_INPUT, 1):
        pass
    _thread.interrupt_main()
    time.sleep(GRACE_SECONDS)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
