"""Frozen suites: find them, generate their prompts, hold them against the lock, keep them on disk."""

from icl_bench.suites.catalogue import Suite, chosen_tasks, find_task, load_suite, suite_names
from icl_bench.suites.generate import generate
from icl_bench.suites.prompts import Prompts, load_prompts

__all__ = [
    "Prompts",
    "Suite",
    "chosen_tasks",
    "find_task",
    "generate",
    "load_prompts",
    "load_suite",
    "suite_names",
]
