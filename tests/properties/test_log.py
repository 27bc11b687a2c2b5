"""Wherever a log is cut off, its whole lines are read, and those that come later."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mlm_demo.runs.run import Run

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# With a time of their own, in place of the one that `log` adds: so a log has the same bytes each time.
LINE = st.dictionaries(st.text(max_size=8), VALUES | st.just('"}\n{"'), max_size=3).map(
    lambda line: {**line, "at": 1}
)


@given(lines=st.lists(LINE, min_size=1, max_size=4), later=st.lists(LINE, max_size=3), data=st.data())
def test_a_log_cut_at_any_byte_yields_its_complete_and_later_lines(tmp_path, lines, later, data):
    run, file = Run(tmp_path), tmp_path / "log.jsonl"
    file.unlink(missing_ok=True)
    for line in lines:
        run.log(line)
    full = file.read_bytes()
    ends = [found.start() for found in re.finditer(b"\n", full)]
    cut = data.draw(st.integers(0, len(full)) | st.sampled_from(ends))
    file.write_bytes(full[:cut])
    whole = full[:cut].count(b"\n")
    assert list(run.lines()) == lines[:whole]
    for line in later:
        run.log(line)
    wanted = [*lines[:whole], *later]
    if later and cut and full[cut - 1 : cut] != b"\n":
        # The torn line keeps its number, so that a reader who counts goes on at the right one.
        wanted.insert(whole, lines[whole] if cut in ends else {})
    assert list(run.lines()) == wanted
    for after in range(len(wanted) + 2):
        assert list(run.lines(after=after)) == wanted[after:]
