"""What a notebook shows of a record: short, complete, and text alone, whatever a name holds."""

from html.parser import HTMLParser

from fabricated import HOSTILE, MARKUP
from fabricated_record import record

import icl_bench
from icl_bench.views.cells import format_estimate

SHORT = 25_000  # characters, of six tasks; a record of them has over 250,000


class Reader(HTMLParser):
    """The elements of a page, and the texts of its table's cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href", "id")]
        self._in_cell = tag in ("td", "th")
        if self._in_cell:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


def test_it_is_the_table_with_a_chart_of_every_task() -> None:
    made = record("someone/model", 0.2)
    page = made._repr_html_()
    assert len(page) < SHORT
    cells = Reader(page).cells
    for name, task in made.tasks.items():
        row = cells[cells.index(name) :][:7]
        assert row[1] == f"{task.mean_error.value:.4g}"
        assert row[4:6] == [format_estimate(task.score), format_estimate(task.optimality)]
        assert f'data-name="{name}"' in page


def test_what_is_missing_is_said_below() -> None:
    page = record("someone/model", 0.2, lacks={"sparse_parity": "no checkpoint for it"})._repr_html_()
    assert "not evaluated: sparse_parity (no checkpoint for it)" in page
    assert 'data-name="sparse_parity"' not in page


def test_hostile_names_are_text() -> None:
    made = record(HOSTILE, 0.2, lacks={"sparse_parity": MARKUP})
    tasks = {f"{MARKUP}{name}": task for name, task in made.tasks.items()}
    reader = Reader(made.model_copy(update={"tasks": tasks})._repr_html_())
    assert f"{MARKUP}linear_regression" in reader.cells
    assert not reader.tags & {"script", "img"}


def test_a_task_whose_targets_are_all_zero_is_in_the_table_alone() -> None:
    made = record("someone/model", 0.2)
    result = made.tasks["linear_regression"]
    flat = result.error_curves.model_copy(update={"zero": [0.0] * result.points})
    tasks = {"linear_regression": result.model_copy(update={"error_curves": flat})}
    page = made.model_copy(update={"tasks": tasks})._repr_html_()
    assert "linear_regression" in Reader(page).cells
    assert "<svg" not in page


def test_repr_and_print_are_short_and_name_model_suite_and_scores() -> None:
    made = icl_bench.evaluate("baseline/lookup", tasks=["vector_mqar", "linear_regression"])
    for text in (repr(made), str(made), repr(made.tasks)):
        assert len(text) < 400
    for part in ("baseline/lookup", "mini-v1", "mean_score=", "'vector_mqar': 1.0"):
        assert part in repr(made)
