from tests.support.events import call, request


def test_the_owner_names_a_run_and_everybody_reads_it(page, tab, service, finished):
    mine, yours = (
        call(page, tab.load_page, owner, "", request(query={"run": finished.id}), None)
        for owner in ("me", "you")
    )
    assert (mine[tab.name.box].visible, mine[tab.name.box].value) == (True, finished.name)
    assert not yours[tab.name.box].visible
    changed = call(page, tab.rename, " <b>May ", finished.id, "me")
    assert changed[tab.name.box].value == "<b>May"
    assert changed[tab.message] == ""
    assert "&lt;b&gt;May</h3>" in changed[tab.progress]
    assert ">&lt;b&gt;May</a>" in changed[tab.mine.table]
    assert "&lt;b&gt;May</h3>" in call(page, tab.refresh, finished.id, "you", yours[tab.stamp])[tab.progress]


def test_a_name_that_cannot_be_used_is_told(page, tab, finished):
    before = finished.name
    assert "The name is empty" in call(page, tab.rename, None, finished.id, "me")[tab.message]
    assert "was started in another browser" in call(page, tab.rename, "Mine", finished.id, "you")[tab.message]
    assert finished.name == before
