"""For every test: the named axes of public functions are checked at each call, and threads are few."""

import pkgutil
from importlib.util import find_spec
from pathlib import Path

from jaxtyping import install_import_hook

UNCHECKED = {"icl_bench.blocks.compiled_scan"}  # numba compiles plain functions, not checked ones


def _modules() -> list[str]:
    root = Path(find_spec("icl_bench").origin).parent
    parts = [module.name for module in pkgutil.iter_modules([str(root)])]
    blocks = [f"icl_bench.blocks.{module.name}" for module in pkgutil.iter_modules([str(root / "blocks")])]
    return [f"icl_bench.{part}" for part in parts if part != "blocks"] + blocks


install_import_hook([name for name in _modules() if name not in UNCHECKED], "beartype.beartype")

import torch  # noqa: E402

torch.set_num_threads(1)
