"""`python -m icl_bench.training.child train …`: an `icl-bench train` that ends with its sweep.

Its standard input is a pipe whose other end the sweep alone holds. However the sweep ends, killed too, the
pipe ends with it, and the run is interrupted: it saves its state.
"""

import _thread
import os
import runpy
import signal
import threading
import time

STANDARD_INPUT = 0
GRACE_SECONDS = 600.0  # to end a step, which may have to be compiled, and save the state
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main() -> None:
    """Run the command `icl-bench` with this process's arguments until it or its standard input ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with it ignored
    threading.Thread(target=_end_with_input, daemon=True).start()
    runpy.run_module("icl_bench", run_name="__main__", alter_sys=True)


def _end_with_input() -> None:
    while os.read(STANDARD_INPUT, 1):
        pass
    _thread.interrupt_main()
    time.sleep(GRACE_SECONDS)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
