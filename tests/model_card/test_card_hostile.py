"""Whatever a record or a config holds, a card shows it as text: no markup, no link, no table of its own."""

import pytest
from fabricated import HOSTILE, MARKUP
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from models.small import saved, small_model

from icl_bench.model_card.card import card_files
from icl_bench.model_card.facts import gather
from icl_bench.model_card.markdown import MAX_LENGTH, code, neutral

TEXTS = [
    HOSTILE, MARKUP, "a | b", "`x` <b>", "``` \n# head", "\n---\nlicense: evil", "[a](javascript:alert(1))",
    "![a](https://evil.example/x.png)", "https://evil.example", "www.evil.example", "<https://evil.example>",
    "*a* _b_ ~c~", "# head", "- item", "1. item", "{{ 7 * 7 }}", "{% raw %}", "\u202ereversed",
    "a\x1b[31mred", "$x$", "&lt;b&gt;", "a@evil.example", "\\", "`", "``", "", " ", "x" * 10_000, "a\n\nb",
    None, 3, 2.5, {"a": "<b>"},
]  # fmt: skip
ALLOWED = {"text", "code_inline", "softbreak"}


def rendered(text: str) -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text)[:20])
@pytest.mark.parametrize("shown", [neutral, code])
def test_any_text_is_one_cell_of_text(text, shown):
    tokens = rendered(f"| a | b |\n| --- | --- |\n| {shown(text)} | {shown(text)} |\n")
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == 4
    for token in inline[2:]:
        assert {child.type for child in token.children} <= ALLOWED
        plain = "".join(child.content for child in token.children if child.type == "text")
        assert not any(mark in plain for mark in ("//", "www.", "@", "<", "$")), plain
        assert len(token.content) < MAX_LENGTH + 10


def test_plain_words_stay_as_they_are():
    assert neutral("reference/llama-rope") == "reference/llama-rope"
    assert neutral("linear_regression") == r"linear\_regression"
    assert neutral("2.13.0+cpu") == "2.13.0+cpu"
    assert neutral(neutral("a_b")) == neutral("a_b")


@pytest.mark.parametrize("text", TEXTS[:18], ids=lambda text: repr(text)[:20])
def test_hostile_provenance_and_names(tmp_path, scored, both, text):
    model = small_model("mini-v1/linear_regression", 5)
    model._hub_mixin_config["training"] = {
        "seed": text,
        "recipe": {"steps": text, text: 1},
        "converted": text,
    }
    saved(tmp_path / "model", model)
    check(card_files(gather(str(tmp_path / "model"), name=f"a {text}"))["README.md"])


@pytest.mark.parametrize("text", [HOSTILE, "a\n| b |\n```\n# head\n"], ids=["markup", "lines"])
def test_hostile_records(scored, both, text):
    facts = gather(str(scored.folder), both)
    changed = [
        record.model_copy(
            update={
                "evaluator": record.evaluator.model_copy(update={"version": text, "commit": text}),
                "environment": record.environment.model_copy(
                    update={"python": text, "torch": text, "device": text}
                ),
                "missing": {"decision_tree": text},
                "tasks": {
                    name: task.model_copy(update={"baseline": text}) for name, task in record.tasks.items()
                },
            }
        )
        for record in facts.records
    ]
    hostile = facts.__class__(facts.name, facts.suite, facts.checkpoints, changed, None)
    check(card_files(hostile)["README.md"])


def check(card: str) -> None:
    """The card's own headings, tables and blocks, and nothing else; its head is the Hub's metadata alone."""
    head = ModelCard(card)
    assert set(head.data.to_dict()) <= {"library_name", "tags", "model-index", "license"}
    tokens = rendered(head.text)
    kinds = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "em_open", "strong_open", "hr"}
    headings = [
        tokens[i + 1].content for i, token in enumerate(tokens) if token.tag == "h2" and token.nesting == 1
    ]
    assert headings == ["Scores", "Architecture", "Training", "Licence", "Citation"]
    assert sum(token.type == "table_open" for token in tokens) in (3, 4)
    assert sum(token.type == "fence" for token in tokens) == 3
