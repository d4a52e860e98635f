"""The words of the report of hot leads: none is missing in either language, and both take the same figures."""

from __future__ import annotations

from string import Formatter
from typing import get_args

import pytest

from nurture.review.advice import AdviceWord
from nurture.review.tasks import Verdict
from nurture.wording.conditions import Language
from nurture.wording.hot import ADVICE, COMPARED, LABELS, QUESTIONS, VERDICTS


def fields(text: str) -> set[str]:
    """What is filled into a sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", get_args(Language))
def test_every_word_of_the_answers_has_a_sentence(language: Language) -> None:
    """Advice and verdicts, as the core names them."""
    assert set(ADVICE[language]) == set(get_args(AdviceWord))
    assert set(VERDICTS[language]) == set(COMPARED[language]) == set(get_args(Verdict))


@pytest.mark.parametrize("words", [ADVICE, LABELS, QUESTIONS])
def test_both_languages_say_the_same_figures(words: dict[Language, dict[str, str]]) -> None:
    """No label is missing in one, and no figure."""
    japanese, english = words["ja"], words["en"]
    assert japanese.keys() == english.keys()
    assert {key: fields(text) for key, text in japanese.items()} == {key: fields(text) for key, text in english.items()}
