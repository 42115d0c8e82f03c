"""The small frozen suite, for every test here."""

from small_suite import own, tasks_folder, tiny  # noqa: F401
