"""`eval.yaml`, by which the Hub takes a dataset for a benchmark and lists the results of models beside it.

Its form is that of https://huggingface.co/docs/hub/eval-results. The Hub shows a benchmark once its
`evaluation_framework` is registered (`EVALUATION_FRAMEWORKS` of the repository huggingface/huggingface.js)
and the dataset is on its list; until then the file is only kept.
"""

from icl_bench.hub_dataset.tables import SPLIT
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.suites import Suite

BENCHMARK_FILE = "eval.yaml"


def benchmark_file(suite: Suite) -> str:
    """The file: one task of the benchmark a task, under the same name as in a model's `.eval_results`."""
    return dump_plain(
        {
            "name": f"icl-bench {suite.name}",
            "description": suite.spec.summary,
            "evaluation_framework": "icl-bench",
            "tasks": [{"id": task, "config": task, "split": SPLIT} for task in suite.tasks],
        },
        allow_unicode=True,
        width=1_000,
    )
