"""Kinds of entries, what can be on a board: one file each, which `icl_bench.entries.base` describes."""
