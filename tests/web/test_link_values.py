from mlm_demo.models.catalogue import Catalogue
from mlm_demo.web.link_values import known_model, short_text


def test_a_text_is_used_or_ignored_with_its_length():
    notices = []
    assert short_text("abc", "The link's text", notices, 3) == "abc"
    assert notices == []
    assert short_text("abcd", "The link's text", notices, 3) == ""
    assert notices == ["The link's text has 4 characters, more than 3, and was ignored."]


def test_a_model_is_used_or_ignored_with_the_reason():
    notices = []
    catalogue = Catalogue(folders=False)
    assert known_model("general", "model=", notices, catalogue) == "general"
    assert notices == []
    assert known_model("no body", "model=", notices, catalogue) == ""
    assert notices[0].startswith("The link's model='no body' was ignored. 'no body' does not name a model")
