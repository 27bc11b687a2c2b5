from mlm_demo.web.scratch.result import headline, result_view
from tests.support.pretrain_results import pretrain_result


def test_the_headline_sets_the_model_beside_word_frequencies():
    html = headline(pretrain_result())
    assert "Learned clearly" in html
    assert "54.6 per token, where word frequencies alone reach 665.1; 1.60 bits per byte" in html
    assert "5,200,000 parameters, 4 layers of 256; WordPiece vocabulary of 7,900 entries." in html


def test_guesses_and_metrics_are_shown_and_sentences_are_escaped():
    html = result_view(pretrain_result(), [])
    assert "&lt;b&gt;" in html
    assert "<b>queen</b> bee" not in html
    assert "1.60 (1.50 to 1.70)" in html
    assert "Word frequencies alone" in html
    assert "better" in html
    assert result_view(pretrain_result(guesses=[], curve=[]), []).count("<table") == 1
