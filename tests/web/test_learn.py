"""The cards of the Learn tab: what they say of the models is true, and their links open it."""

import re
from html import unescape
from urllib.parse import parse_qsl

import pytest

from mlm_demo.errors import ModelError
from mlm_demo.inference.engine import Engine
from mlm_demo.models.catalogue import Catalogue
from mlm_demo.settings import Settings
from mlm_demo.web.fill.links import read_link
from mlm_demo.web.learn import CARDS, LearnTab, cards
from mlm_demo.web.score.links import read_link as read_score_link


@pytest.fixture(scope="module")
def answered(engine):
    return LearnTab(engine).answer_cards().split("</article>")[:-1]


def words(card):
    return [
        re.findall(r'<span class="word">(.*?)</span>', figure) for figure in card.split('guesses-of">')[1:]
    ]


def test_each_card_has_its_answer(answered):
    assert len(answered) == len(CARDS) == 6
    assert words(answered[0])[0][0] == "capital"
    assert [guesses[0] for guesses in words(answered[1])] == ["bank", "hospital"]
    assert words(answered[2])[0][0] == "capital", "one `not` hardly changes the guess"
    engineer, midwife = words(answered[3])
    assert (engineer[0], midwife[0]) == ("he", "she")
    general, biomedical = words(answered[4])[0][:3], words(answered[4])[0][3:]
    assert "gene" not in general
    assert biomedical[0] == "gene"
    bits = re.findall(r'class="text">(\w+)<.*?class="bits">([\d.]+)<', answered[5])
    assert max(bits, key=lambda word: float(word[1]))[0] == "banana"


def test_each_link_opens_its_question():
    links = [dict(parse_qsl(unescape(link))) for link in re.findall(r'href="\?(.*?)"', cards())]
    opened = [read_link(link, Catalogue(), max_characters=500) for link in links if "score" not in link]
    assert [question for question, _ in opened] == [question for card in CARDS for question in card.questions]
    assert not any(notices for _, notices in opened)
    scored = [read_score_link(link, Catalogue(), max_characters=500)[0] for link in links if "score" in link]
    assert [asked.text for asked in scored] == [card.scored for card in CARDS if card.scored]


def test_the_models_answer_once(answered):
    tab = LearnTab(Engine(Settings(device="cpu")))
    tab._answer = lambda card: "[the answer]"
    first = tab.answer_cards()
    tab._answer = None
    assert tab.answer_cards() == first
    assert first.count("[the answer]") == 6


def test_the_cards_stay_where_the_models_cannot_answer():
    tab = LearnTab(Engine(Settings(device="cpu")))

    def refused(card):
        raise ModelError("There is no memory.")

    tab._answer = refused
    assert tab.answer_cards() == cards()
