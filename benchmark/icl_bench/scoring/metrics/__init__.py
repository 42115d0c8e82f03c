"""Metrics, one file each; `icl_bench.scoring.metric` says what each defines."""
