"""The help of a verb ends with the address of its page, where the project's site has an address."""

import os
import re
import subprocess
import sys

import pytest
import typer

from icl_bench.cli import app
from icl_bench.cli.pages import ADDRESS_VARIABLE, PAGES
from icl_bench.resources import data_folder

ADDRESS = "https://lab.example/icl"
TEMPLATES = data_folder("leaderboard") / "templates"


def last_line(*arguments: str) -> str:
    command = [sys.executable, "-m", "icl_bench", *arguments, "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout
    return printed.strip().splitlines()[-1].strip()


def test_every_verb_and_group_has_a_page():
    assert PAGES.keys() == typer.main.get_command(app).commands.keys()


@pytest.mark.parametrize("verb", [("evaluate",), ("compare",), ("leaderboard", "show"), ("tasks", "new")])
def test_its_address_is_the_last_line(verb, monkeypatch):
    monkeypatch.setenv(ADDRESS_VARIABLE, f"{ADDRESS}/")
    assert last_line(*verb) == f"Page: {ADDRESS}/{PAGES[verb[0]]}"


def test_without_an_address_there_is_no_such_line(monkeypatch):
    monkeypatch.delenv(ADDRESS_VARIABLE, raising=False)
    assert "Page:" not in last_line("evaluate")


@pytest.mark.parametrize("page", sorted(set(PAGES.values())))
def test_its_page_and_place_exist(page):
    name, _, place = page.partition("#")
    template = TEMPLATES / ("board.html" if name == "index.html" else name)
    assert template.is_file()
    if place:
        assert re.search(f'id="{place}"', template.read_text(encoding="utf-8"))
