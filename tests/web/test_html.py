from mlm_demo.web.html import bar, facts_table, figure, marked, table, verdict_mark


def test_a_table_labels_each_cell_with_its_heading_for_phones():
    html = table(("Corpus", "Now & then"), [("<b>bees</b>", "<i>3</i>")], "runs")
    assert html.startswith('<div class="table stacked runs" tabindex="0"><table>')
    assert '<th scope="col">Now &amp; then</th>' in html
    assert '<th scope="row" dir="auto"><b>bees</b></th>' in html
    assert '<td dir="auto" data-label="Now &amp; then"><i>3</i></td>' in html


def test_facts_are_escaped_and_none_give_no_table():
    html = facts_table([("Files", "<a>.txt")])
    assert '<tr><th scope="row">Files</th><td dir="auto">&lt;a&gt;.txt</td></tr>' in html
    assert facts_table([]) == ""


def test_a_figure_has_a_caption_and_a_bar_its_share():
    html = figure("chart domain-general", "<b>general</b>", bar(0.25, "<i></i>"))
    assert html.startswith('<figure class="chart domain-general"><figcaption><b>general</b></figcaption>')
    assert '<span class="bar" style="inline-size:25.00%"></span><i></i></span></figure>' in html


def test_a_marked_word_is_escaped_like_the_text_around_it():
    assert marked("<", "bee", "&") == "&lt;<mark>bee</mark>&amp;"


def test_a_change_has_a_color_an_arrow_and_a_word():
    assert verdict_mark("better") == (
        '<span class="verdict-better"><span aria-hidden="true">▲</span> <span class="word">better</span></span>'
    )
    assert '<span class="spoken">worse</span>' in verdict_mark("worse", spoken=True)
    assert "no clear change" in verdict_mark("unclear")
    assert verdict_mark("") == ""
