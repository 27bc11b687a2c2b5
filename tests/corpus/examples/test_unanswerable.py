from mlm_demo.corpus.examples.example import Answer, AnswerExample
from mlm_demo.corpus.examples.unanswerable import with_unanswerable


def example(number, context, word, group):
    answers = (Answer(context.index(word), word),) if word else ()
    return AnswerExample(str(number), f"Question {number}?", context, answers, group)


def many(articles=20, texts=3):
    return [
        example(f"{a}.{t}", f"Text {t} of article {a} says word{a}x{t}.", f"word{a}x{t}", f"article {a}")
        for a in range(articles)
        for t in range(texts)
    ]


def test_about_half_of_the_questions_are_asked_of_another_text_of_their_article():
    given = many()
    found = with_unanswerable(given, 0)
    added = [each for each in found if not each.answers]
    assert [each for each in found if each.answers] == given
    assert 20 <= len(added) <= 40
    for number, each in enumerate(found):
        assert each.answers or each.question == found[number - 1].question, (
            "beside its own, so every part has some"
        )
    questions = {each.question: each for each in given}
    for each in added:
        asked = questions[each.question]
        assert each.answers == ()
        assert each.group == asked.group
        assert each.context != asked.context
        assert each.context in {other.context for other in given if other.group == each.group}
    assert len({each.id for each in found}) == len(found)


def test_an_article_of_one_text_takes_texts_of_others():
    given = many(articles=30, texts=1)
    added = [each for each in with_unanswerable(given, 0) if not each.answers]
    assert len(added) > 8
    assert all(
        each.context != one.context for each in added for one in given if one.question == each.question
    )


def test_a_text_that_has_the_answer_is_never_taken():
    given = [example(n, f"Both texts say HONEY and word{n}.", "HONEY", "bees") for n in range(40)]
    assert with_unanswerable(given, 0) == given


def test_the_seed_decides():
    assert with_unanswerable(many(), 1) == with_unanswerable(many(), 1)
    assert with_unanswerable(many(), 1) != with_unanswerable(many(), 2)


def test_nothing_is_added_where_texts_without_an_answer_are_there_already():
    given = [*many(), *(example(f"n{n}", f"Nothing {n}.", "", f"article {n}") for n in range(10))]
    assert with_unanswerable(given, 0) == given
    assert with_unanswerable([], 0) == []
