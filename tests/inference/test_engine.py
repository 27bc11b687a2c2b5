import threading
from dataclasses import replace

import pytest

from mlm_demo.errors import MlmDemoError, ModelError, ParameterError, PromptError
from mlm_demo.inference import search
from mlm_demo.inference.engine import Engine
from mlm_demo.models import extractor
from mlm_demo.models.tasks import TASKS
from mlm_demo.settings import Settings
from tests.support.task_models import save_task

SETTINGS = Settings(device="cpu")


@pytest.fixture(scope="module")
def engine():
    return Engine(SETTINGS)


def test_fill_mask_reports_the_model_and_the_seconds(engine):
    answer = engine.fill_mask("Paris is the <mask> of France.", top_k=3)
    assert [row["word"] for row in answer["masks"][0]] == ["capital", "city", "republic"]
    assert answer["model"]["name"] == "general"
    assert answer["model"]["domain"] == "general"
    assert answer["model"]["device"] == "cpu"
    assert 0 < answer["seconds"] < 60


def test_all_targets_are_listed_unless_top_k_is_given(engine):
    targets = ["city", "capital", "heart", "dog", "cat", "town", "king"]
    assert len(engine.fill_mask("Paris is the <mask>.", targets=targets)["masks"][0]) == 7
    assert len(engine.fill_mask("Paris is the <mask>.", targets=targets, top_k=3)["masks"][0]) == 3


def test_compare_asks_each_model_once(engine):
    answers = engine.compare("The <mask> sat.", ["general", "biomedical", "general", ""])["answers"]
    assert [a["model"]["name"] for a in answers] == ["general", "biomedical"]
    assert answers[0]["masks"][0][0]["elsewhere"][0]["model"] == "biomedical"


def test_score_asks_each_model(engine):
    scores = engine.score("The patient sat.", ["biomedical", "general"])["scores"]
    assert [s["model"]["name"] for s in scores] == ["biomedical", "general"]


@pytest.mark.parametrize("models", [[], ["general", "biomedical", "a/b", "c/d"]])
def test_no_or_too_many_models(engine, models):
    with pytest.raises(ParameterError, match="choose 1 to 3 different ones"):
        engine.compare("a <mask>", models)


def test_the_limits_are_the_settings():
    least = {"max_masks": 1, "max_targets": 1, "max_score_tokens": 2}
    more = {"max_target_characters": 4, "max_answer_characters": 1000}
    strict = Engine(replace(SETTINGS, max_characters=20, **least, **more))
    for message, ask in {
        "the limit is 20. Shorten": lambda: strict.fill_mask("<mask> " + "x" * 20),
        "at most 1 can be filled": lambda: strict.fill_mask("<mask> <mask>"),
        "at most 1 can be scored": lambda: strict.fill_mask("<mask>", targets="a,b"),
        "the limit for scoring is 2": lambda: strict.score("one two three"),
        "have 5 characters; the limit is 4": lambda: strict.fill_mask("<mask>", targets="abcde"),
        "makes an answer of 10 sentences": lambda: strict.fill_mask("<mask>", top_k=10),
    }.items():
        with pytest.raises(MlmDemoError, match=message):
            ask()


def test_a_model_that_cannot_be_had_leaves_the_others_usable(engine):
    with pytest.raises(ModelError):
        engine.fill_mask("a <mask>", "nobody/nothing")
    assert engine.fill_mask("a <mask>", "general")["masks"][0]


def test_models_reports_which_are_in_memory():
    engine = Engine(SETTINGS)
    assert not any(model["in_memory"] for model in engine.models())
    engine.warm()
    assert [model["name"] for model in engine.models() if model["in_memory"]] == ["general"]


def test_many_at_once_get_their_own_answers(engine):
    asked = {f"The <mask> number {i} sat.": None for i in range(8)}

    def ask(text):
        asked[text] = engine.fill_mask(text)

    threads = [threading.Thread(target=ask, args=(text,)) for text in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text, answer in asked.items():
        again = engine.fill_mask(text)
        assert answer["text"] == text
        assert [row["token"] for row in answer["masks"][0]] == [row["token"] for row in again["masks"][0]]


def test_an_error_in_the_text_is_the_same_for_every_question(engine):
    for ask in (lambda: engine.fill_mask("", "general"), lambda: engine.score("", ["general"])):
        with pytest.raises(PromptError, match="The sentence is empty"):
            ask()


def loaded(engine, *models, **question):
    """Return whether the engine answers with these models without loading one."""
    return engine.compare("A <mask>.", models, load=False, **question) is not None


def test_without_loading_only_models_in_memory_answer():
    engine = Engine(Settings(device="cpu"))
    assert not loaded(engine, "general")
    engine.fill_mask("A <mask>.")
    assert loaded(engine, "general")
    assert loaded(engine, ""), "the default model"
    assert not loaded(engine, "general", "biomedical")
    with pytest.raises(ModelError):
        loaded(engine, "no model")


def test_the_precision_depends_on_the_question(engine):
    asked = {
        "int8": [{}, {"precision": "int8"}, {"targets": "city", "precision": "int8"}],
        "exact": [{"precision": "exact"}, {"targets": "city"}, {"joint": True}],
    }
    for precision, questions in asked.items():
        for question in questions:
            assert engine.fill_mask("The <mask>.", **question)["model"]["precision"] == precision
    answers = engine.compare("The <mask>.", ["general", "biomedical"])["answers"]
    assert [answer["model"]["precision"] for answer in answers] == ["exact", "exact"]
    with pytest.raises(ParameterError, match="The precision is 'half'; choose one of auto, exact, int8"):
        engine.fill_mask("The <mask>.", precision="half")


def test_int8_is_for_processors(monkeypatch):
    monkeypatch.setattr("mlm_demo.models.cpu.optimize.takes_int8", lambda device: False)
    engine = Engine(SETTINGS)
    assert engine.fill_mask("The <mask>.")["model"]["precision"] == "exact"
    with pytest.raises(ParameterError, match="int8, which needs an x86 CPU"):
        engine.fill_mask("The <mask>.", precision="int8")


def test_each_precision_of_a_model_is_loaded_on_its_own():
    engine = Engine(SETTINGS)
    engine.fill_mask("The <mask>.")
    assert loaded(engine, "general", precision="int8")
    assert not loaded(engine, "general", precision="exact")
    assert not loaded(engine, "general", targets="a")
    engine.score("A cat.")
    assert loaded(engine, "general", joint=True)


def test_extract_loads_its_models_once(tmp_path, monkeypatch):
    for task in TASKS:
        save_task(tmp_path / task, task)
    loads = []
    load = extractor.load_extractor
    monkeypatch.setattr(
        extractor, "load_extractor", lambda *given, **named: loads.append(given) or load(*given, **named)
    )
    engine, papers = Engine(Settings(device="cpu")), [("a.txt", "A", "The fox jumps.", [(0, 14)])]
    for question in ("Who?", "What?"):
        extraction = engine.extract(papers, [question], str(tmp_path), threshold=-99)
        assert [row["document"] for row in extraction.rows] == ["a.txt"]
    assert len(loads) == 1
    (tmp_path / "answers" / "README.md").write_text("changed")
    engine.extract(papers, ["Who?"], str(tmp_path))
    assert len(loads) == 2


def test_papers_are_read_once_for_each_model(monkeypatch):
    engine, read = Engine(Settings(device="cpu")), []
    index = search.Index
    monkeypatch.setattr(search, "Index", lambda mlm, *given: read.append(mlm.name) or index(mlm, *given))
    papers = [("a.txt", "A", "The heart pumps blood. Bees fly.", [(0, 22), (23, 32)])]
    for model in ("general", "general", "biomedical"):
        found = engine.search(papers, " Which insects fly? ", model, top_k=1)
        assert (found["query"], found["model"]["name"]) == ("Which insects fly?", model)
        (passage,) = found["passages"]
        assert (passage["text"], passage["start"], passage["end"]) == ("Bees fly.", 23, 32)
    assert read == ["general", "biomedical"]


def test_a_public_page_extracts_with_the_built_in_model_only(tmp_path):
    with pytest.raises(ModelError, match="does not load folders of its server"):
        Engine(Settings(public=True)).extract([("a", "A", "A.", [(0, 2)])], ["Who?"], str(tmp_path))


def test_ranks_and_changes_are_of_exact_logits_unless_int8_is_asked_for():
    hidden = [("king", "The <mask> sat.", 0)]
    for ask in (
        lambda engine, **options: engine.expected_words(hidden, **options),
        lambda engine, **options: engine.why("The <mask> sat.", **options),
    ):
        engine = Engine(SETTINGS)
        ask(engine)
        assert not loaded(engine, "general", precision="int8")
        assert loaded(engine, "general", precision="exact")
        ask(engine, precision="int8")
        assert loaded(engine, "general", precision="int8")


def test_every_position_of_a_sentence_with_as_many_blanks_as_may_be():
    limits = replace(SETTINGS, max_masks=2, max_characters=len("The <mask> sat <mask>."))
    sentence = "<mask> <mask> sat <mask>."
    (word,) = Engine(limits).expected_words([("The", sentence, 0)])["words"]
    assert word["rank"]
    with pytest.raises(PromptError, match="holds 4 masks"):
        Engine(limits).expected_words([("The", "<mask> " * 4, 0)])


def test_a_list_to_score_keeps_to_its_seconds(engine):
    with pytest.raises(PromptError, match="seconds; the limit is 0"):
        engine.score_each(["the fox " * 30, "the dog " * 30], "general", max_seconds=1e-9)
