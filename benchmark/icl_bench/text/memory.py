"""Whether a model fits into the memory that is free, said before anything of it is loaded."""

import re
from pathlib import Path

from icl_bench.errors import CheckpointError

BYTES_PER_PARAMETER = 4  # float32, whatever the file holds


def check_memory(name: str, parameters: int, unpacked: bool = False) -> None:
    """CheckpointError where so many float32 parameters, and activations, do not fit into free memory; those
    that are `unpacked`, as GGUF's are, lie there twice while they are loaded."""
    needed, free = parameters * BYTES_PER_PARAMETER * (2.2 if unpacked else 1.2), _free_memory()
    if free is not None and needed > free:
        raise CheckpointError(
            f"{name} has {parameters / 1e9:.1f} billion parameters, which need {needed / 1e9:.1f} GB in "
            f"float32, and {free / 1e9:.1f} GB of memory are free; free some, or serve it elsewhere and name "
            "the server by --endpoint",
            code="out-of-memory",
        )


def _free_memory() -> float | None:
    """Bytes that a process may still take; None where the system does not say."""
    try:
        match = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        return None
    return None if match is None else float(match[1]) * 1024
