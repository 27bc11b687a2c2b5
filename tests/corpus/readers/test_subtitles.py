import pytest

from mlm_demo.corpus.documents import Document

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>So when did you</i>
first hear it?

2
00:00:02,500 --> 00:00:03,000
{\\an8}In 1986 &amp; later:
1986
"""
VTT = """WEBVTT - talk
Kind: captions

NOTE by a tool

STYLE
::cue { color: lime }

a1
00:01.000 --> 00:04.000 align:start position:0%
<v Roger>So<00:00:01.500><c> the</c> vowel spreads

00:04.000 --> 00:08.000
So the vowel spreads
from left to right, if a < b.
"""
SAID = "So when did you\nfirst hear it?\nIn 1986 & later:\n1986"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.srt", SRT, SAID),
        ("a.srt", "\ufeff" + SRT.replace("\n", "\r\n"), SAID),
        ("a.vtt", VTT, "So the vowel spreads\nfrom left to right, if a < b."),
    ],
)
def test_what_is_said_in_subtitles_is_read(read, name, content, text):
    assert read(name, content.encode()) == ([Document(name, text)], [])


def test_subtitles_are_recognized_by_their_content(read):
    assert read("a.txt", SRT) == (
        [Document("a.txt", SAID)],
        ["a.txt is a subtitle file, and was read as one."],
    )
    assert read("a.txt", VTT)[1] == ["a.txt is a subtitle file, and was read as one."]
    assert read("a.txt", "WebVTT is a format.") == ([Document("a.txt", "WebVTT is a format.")], [])


def test_a_file_without_times_is_read_as_text(read):
    note = "a.srt has no times of subtitles, and was read as text."
    assert read("a.srt", "Some words.") == ([Document("a.srt", "Some words.")], [note])
