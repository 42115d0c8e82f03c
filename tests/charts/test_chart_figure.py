"""Charts by matplotlib: all labels can be read, names are text, and a file is the same bytes each time."""

import itertools
import sys
from pathlib import Path

import pytest
from fabricated_record import record
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from raising import raises

from icl_bench.charts import Chart, Series, error_chart
from icl_bench.charts.figure import figure
from icl_bench.charts.save import save_chart
from icl_bench.errors import InputError

HOSTILE = ["_hidden", "$\\frac{$", "a very long name " * 9, "reversed \u202e", "50% & <b>"]
MARKS = {".png": b"\x89PNG", ".pdf": b"%PDF"}


def line_chart(names: list[str], log: bool = False) -> Chart:
    series = [Series(name, range(5), [4.0, 3.0, 1.0, 0.5 * k, 0.0]) for k, name in enumerate(names)]
    return error_chart("suite/task", series, 3.5, log)


def legends(made: Figure) -> list[list[Text]]:
    """The labels of each panel, drawn."""
    FigureCanvasAgg(made).draw()
    return [list(axes.get_legend().get_texts()) for axes in made.axes]


@pytest.mark.parametrize("log", [False, True])
def test_labels_are_whole_and_apart(log: bool) -> None:
    names = [f"someone/a-model-with-a-long-name-{k}" for k in range(14)]
    made = figure([line_chart(names, log), line_chart(["zero"], log), line_chart(names[:3], log)])
    frame = made.bbox
    for texts in legends(made):
        boxes = [text.get_window_extent() for text in texts]
        for box in boxes:
            assert frame.x0 <= box.x0 < box.x1 <= frame.x1
            assert frame.y0 <= box.y0 < box.y1 <= frame.y1
        assert all(upper.y0 >= lower.y1 for upper, lower in itertools.pairwise(boxes))
    assert [len(texts) for texts in legends(made)] == [14, 1, 3]
    first = [text.get_text().split("\n")[0] for text in legends(made)[0]]
    assert [text.rpartition("-")[2] for text in first] == [str(k) for k in range(14)]


def test_as_many_names_and_notes_as_a_task_has_baselines_are_whole() -> None:
    """The legend was cut off, and the panel shrank to nothing beside it."""
    series = [Series(f"baseline {k}", range(5), [9.0, 3.0, 1.0, 0.5, 0.0], note="a note") for k in range(18)]
    made = figure([error_chart("suite/task", series, 3.5)])
    (texts,) = legends(made)
    assert {text.get_text().count("\n") for text in texts} == {1}
    assert all(made.bbox.y0 <= text.get_window_extent().y0 for text in texts)
    (axes,) = made.axes
    assert axes.get_window_extent().height > 0.5 * made.bbox.height


def test_hostile_names_are_text() -> None:
    (texts,) = legends(figure([line_chart(HOSTILE)]))
    shown = [text.get_text().split("\n")[0] for text in texts]
    assert shown[:2] == HOSTILE[:2]
    assert shown[3:] == ["reversed", HOSTILE[4]]


def test_a_curve_that_leaves_the_frame_says_how_far() -> None:
    (texts,) = legends(figure([line_chart(["worse"])]))
    assert texts[0].get_text() == "worse\nup\xa0to\xa04"


def test_a_record_has_a_panel_a_task_and_a_notebook_shows_it() -> None:
    made = record("someone/model", 0.2)
    drawn = made.plot()
    titles = [axes.get_title(loc="left") for axes in drawn.axes]
    assert titles == [f"mini-v1/{name}" for name in made.tasks]
    model = drawn.axes[0].lines[0]
    assert model.get_ydata().tolist() == made.tasks["linear_regression"].error_curves.model
    assert drawn._repr_png_().startswith(MARKS[".png"])


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_a_file_is_of_its_form_and_the_same_bytes_each_time(tmp_path: Path, ending: str) -> None:
    for name in ("first", "second"):
        save_chart(line_chart(["a", "b"]), tmp_path / f"{name}{ending}")
    content = (tmp_path / f"first{ending}").read_bytes()
    assert content.startswith(MARKS[ending])
    assert content == (tmp_path / f"second{ending}").read_bytes()
    if ending == ".png":
        with Image.open(tmp_path / "first.png") as picture:
            assert picture.width >= 1_000  # pixels: sharp in print


def test_without_matplotlib_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with raises(InputError, "no-matplotlib", naming='pip install "icl-bench[plot]"'):
        save_chart(line_chart(["a"]), tmp_path / "out.pdf")
    assert list(tmp_path.iterdir()) == []
    save_chart(line_chart(["a"]), tmp_path / "out.svg")
    with raises(InputError, "no-matplotlib"):
        record("someone/model", 0.2).plot()
