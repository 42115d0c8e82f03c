"""Pictures for links fit their frame whatever a model is called, and are the same bytes every time."""

from io import BytesIO

import pytest
from fabricated import HOSTILE, LONG
from PIL import Image, ImageChops
from site_pages import small_site

from icl_bench.leaderboard.pages import share_images
from icl_bench.leaderboard.pictures.share import HEIGHT, WIDTH, draw_share

TEXTS = ("mini-v1", "93.5", "mean gain over graded tasks", "place 3=")


def opened(name: str, *texts: str) -> Image.Image:
    return Image.open(BytesIO(draw_share(name, *(texts or TEXTS)))).convert("RGB")


@pytest.mark.parametrize("name", ["reference/gpt2", LONG, HOSTILE, "W" * 200, "\N{BELL}"])
def test_whatever_a_model_is_called_its_name_keeps_the_margins(name):
    drawn = opened(name)
    assert drawn.size == (WIDTH, HEIGHT)
    paper = Image.new("RGB", drawn.size, (255, 255, 255))
    left, top, right, bottom = ImageChops.difference(drawn, paper).getbbox()
    assert left >= 70
    assert top >= 50
    assert right <= WIDTH - 70
    assert bottom <= HEIGHT - 40


def test_the_same_texts_give_the_same_bytes_and_each_text_matters():
    assert draw_share("a/b", *TEXTS) == draw_share("a/b", *TEXTS)
    other = ("paper-v1", "93.6", "mean gain", "place 3")
    drawn = {draw_share("a/b", *TEXTS[:k], other[k], *TEXTS[k + 1 :]) for k in range(4)}
    assert len(drawn | {draw_share("a/b", *TEXTS), draw_share("a/c", *TEXTS)}) == 6


def test_it_says_the_mean_and_place_of_the_board_or_how_much_is_there():
    board = small_site().boards[0]
    known = {model.name: model for model in board.data.models}
    llama = known["reference/llama"]
    texts = share_images.texts(board, llama)
    assert texts == ("mini-v1", f"{100 * llama.graded.value:.1f}", "mean gain over graded tasks", "place 1")
    assert share_images.texts(board, known["reference/gpt2"])[-1] == ""  # one run has no place
    part = share_images.texts(board, known["reference/gpt2-rms"])
    assert part == ("mini-v1", "5 of 6", "tasks have a result", "")
