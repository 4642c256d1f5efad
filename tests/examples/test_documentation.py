import pytest

from examples.api_catalog.function.runner.documentation import count_words, plain_text, summary


def test_plain_text_drops_tags_and_entities() -> None:
    assert plain_text("<p>Reads &lt;a&gt;\n  <b>key</b>.</p>") == "Reads <a> key ."


@pytest.mark.parametrize(
    ("documentation", "words"),
    [("", 0), ("<p/>", 0), ("<p>one</p><p>two</p>", 2), ("a <a href='x y z'>b</a>", 2)],
)
def test_only_words_a_reader_sees_are_counted(documentation: str, words: int) -> None:
    assert count_words(documentation) == words


@pytest.mark.parametrize(
    ("documentation", "expected"),
    [
        ("", ""),
        ("<p>Puts a key. Then more.</p>", "Puts a key."),
        ("Uses v1.2 of it. More.", "Uses v1.2 of it."),
        ("Twelve letters and more", "Twelve letters…"),
    ],
)
def test_summary_is_the_first_sentence_cut_at_a_word(documentation: str, expected: str) -> None:
    assert summary(documentation, 16) == expected
