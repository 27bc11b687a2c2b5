from tests.support.events import call


def test_my_runs_follows_every_run_that_it_lists(page, tab, service, run, draft, choices, begin):
    """Also runs that the person does not look at."""
    other = service.start(draft(), choices(4_000), "me")
    opened = call(page, tab.show_started, other.id, "me")
    assert opened[tab.mine.table].count(">Waiting</span>") == 2
    assert opened[tab.mine.timer].active
    assert call(page, tab.mine.refresh, "me", opened[tab.mine.listed]) == {}
    begin(run)
    changed = call(page, tab.mine.refresh, "me", opened[tab.mine.listed])
    assert ">Running</span>" in changed[tab.mine.table]
    run.finish("done")
    other.finish("stopped")
    changed = call(page, tab.mine.refresh, "me", changed[tab.mine.listed])
    assert (">Done</span>" in changed[tab.mine.table], changed[tab.mine.timer].active) == (True, False)
    assert call(page, tab.mine.refresh, "you", ()) == {}
