import codecs

import pytest

from mlm_demo.corpus.encoding import HEAD, decode, detect
from mlm_demo.errors import CorpusError

PLAIN = "The naïve café owner asked: “why?” — nobody knew.\n"


def read(data, size=HEAD, **options):
    notes = []
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    return "".join(decode(chunks, name="notes.txt", notes=notes, **options)), notes


@pytest.mark.parametrize(
    ("bom", "codec"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_names_the_encoding(bom, codec):
    text, notes = read(bom + (PLAIN * 3).encode(codec))
    assert (text, notes) == (PLAIN * 3, [f"notes.txt was read as {codec.upper()}."])


def test_a_utf_8_mark_is_removed_without_a_note():
    assert read(codecs.BOM_UTF8 + PLAIN.encode()) == (PLAIN, [])


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognized_by_its_nul_bytes(codec):
    text, notes = read((PLAIN * 20).encode(codec))
    assert (text, notes) == (PLAIN * 20, [f"notes.txt was read as {codec.upper()}."])


@pytest.mark.parametrize("size", [1, 2, 3, 7, HEAD])
def test_characters_and_line_ends_across_chunks_are_decoded(size):
    # The first chunk decides the encoding, so it stays the same; only the later cuts differ.
    data = ("x" * 500 + "“é”\r\n語\r𝄞\r\n").encode()
    chunks = [data[:500], *(data[i : i + size] for i in range(500, len(data), size))]
    notes = []
    assert "".join(decode(chunks, name="n", notes=notes)) == "x" * 500 + "“é”\n語\n𝄞\n"
    assert notes == []


@pytest.mark.parametrize(
    ("codec", "sentence"),
    [
        ("cp1252", "Le café était fermé à cause de la grève des employés, où l’on a dû s’arrêter.\n"),
        ("cp1252", "Die Größe der Bäume überraschte mich sehr, außerdem für die Straße.\n"),
        ("cp1252", "El niño comió mañana el pingüino en España, ¿qué pasó?\n"),
        ("cp1252", "He said “hello” and it’s fine at 20 °C ± 2 with 5 µl.\n"),
        ("latin-1", "The patient took a naïve approach.\n"),
        ("cp1250", "Wszystkie książki są już na półce, więc jaźń będzie ćwiczyć.\n"),
        ("cp1250", "Kůň pije vodu, protože není možné, aby byl žíznivý a hladový.\n"),
        ("cp1254", "Türkçe konuşan kişiler için güneşli bir gün oldu.\n"),
        ("cp1251", "Пациент был доставлен в больницу с острой болью.\n"),
        ("koi8_r", "Пациент был доставлен в больницу с острой болью.\n"),
        ("cp1253", "Ο ασθενής μεταφέρθηκε στο νοσοκομείο με οξύ πόνο.\n"),
        ("cp1256", "تم نقل المريض إلى المستشفى مع ألم حاد.\n"),
        ("cp932", "患者は急性の痛みで病院に運ばれました。ありがとうございます。\n"),
        ("euc_jp", "患者は急性の痛みで病院に運ばれました。ありがとうございます。\n"),
        ("gb18030", "病人因急性疼痛被送往医院。我们的研究表明这种药物有效。\n"),
        ("big5", "病人因急性疼痛被送往醫院。我們的研究表明這種藥物有效。\n"),
        ("cp949", "환자는 급성 통증으로 병원에 실려 왔습니다. 감사합니다.\n"),
    ],
)
def test_an_older_encoding_is_guessed_and_noted(codec, sentence):
    text, (note,) = read((sentence * 20).encode(codec))
    assert text == sentence * 20
    assert note == f"notes.txt was read as {'cp1252' if codec == 'latin-1' else codec}."


def test_invalid_utf_8_bytes_are_read_as_cp1252_and_noted_once():
    text, notes = read("“Grüße” – déjà vu. ".encode() * 5 + "caf\xe9 \x93so\x94 \x81".encode("latin-1"))
    assert text == "“Grüße” – déjà vu. " * 5 + "café “so” "
    assert notes == ["notes.txt is UTF-8 except for some bytes, which were read as cp1252."]


def test_invalid_bytes_after_the_head_are_read_as_cp1252():
    text, notes = read(b"plain words " * 50_000 + b"caf\xe9 \xe2\x82" + "é".encode() + b" \xff")
    assert text.endswith("words café â‚é ÿ")
    assert len(notes) == 1
    assert "except for some bytes" in notes[0]


def test_a_utf_8_character_may_be_cut_at_the_end():
    assert read("ééé".encode()[:-1])[0] == "ééÃ"


def test_bytes_invalid_in_a_guessed_encoding_are_removed_and_noted():
    text, notes = read(b"caf\xe9 with milk, ol\xe9 \x81\x8d.")
    assert text == "café with milk, olé ."
    assert notes[1] == "notes.txt has some bytes that are not valid cp1252; they were removed."


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("windows-1251", "cp1251"), ("iso-8859-1", "cp1252"), ("utf-8", "cp1252"), ("no-such", "cp1252"),
     ("base64", "cp1252"), (None, "cp1252")],
)  # fmt: skip
def test_a_declared_encoding_is_used_if_it_is_possible(declared, expected):
    assert detect("naïve".encode("latin-1"), declared) == (expected, 0)
    assert detect("naïve".encode(), declared) == ("utf-8", 0)


@pytest.mark.parametrize(
    ("data", "share"),
    [(b"abcdefghi\1" * 100, "10%"), (bytes(range(256)) * 20, r"\d+%"), (b"\x7fELF\2\1\1\0\0", "67%")],
)
def test_bytes_with_many_control_characters_are_not_text(data, share):
    message = (
        rf"^'notes.txt' is not text \({share} of its first characters are control characters\); save it as"
    )
    with pytest.raises(CorpusError, match=message):
        read(data)


def test_a_few_control_characters_are_accepted():
    assert read(b"0123456789" * 10 + b"\0\7\x1b")[0].endswith("\0\7\x1b")
