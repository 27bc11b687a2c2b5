"""Detect the encoding of a text and decode its bytes as they arrive.

No step holds more than a few megabytes, however long the file or its lines are.
"""

import codecs
import io
import re
from collections.abc import Iterable, Iterator

from mlm_demo.corpus.text import CONTROL
from mlm_demo.errors import CorpusError, shown

HEAD = 256 * 1024  # bytes from which the encoding and the format are recognized
CONTROL_SHARE = 0.05

BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The candidates: encodings that files really have. cp1252 covers latin-1, whose other codes are controls.
WESTERN = "cp1252"
CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžäöüßőűôăâîţ"
LATIN = {  # the letters that texts in an encoding use; charset-normalizer cannot tell these encodings apart
    WESTERN: "àâäæçéèêëîïôöœùûüßñáíóúåøãõ",
    "cp1250": CENTRAL,
    "iso8859_2": CENTRAL,
    "cp1254": "çğıöşüâîi̇",
}
OTHER_SCRIPTS = [
    "cp1251", "koi8_r", "iso8859_5", "cp866", "cp1253", "iso8859_7", "cp1255", "cp1256", "cp874",
    "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
MAX_LATIN_SHARE = 0.4  # of letters beyond ASCII; Latin scripts have fewer, other scripts more
HANDLER = "mlm_demo.cp1252"


def detect(head: bytes, declared: str | None = None) -> tuple[str, int]:
    """Detect the encoding from the first bytes of a text.

    declared: the encoding that a page names; it is used if there is no byte order mark and the bytes are not UTF-8.
    Returns the name of the codec and the length of the byte order mark.
    """
    for bom, codec in BOMS:
        if head.startswith(bom):
            return codec, len(bom)
    even, odd, pairs = head[::2].count(0), head[1::2].count(0), max(1, len(head) // 2)
    if max(even, odd) > 0.3 * pairs and min(even, odd) < 0.05 * pairs:
        return ("utf-16-le" if odd > even else "utf-16-be"), 0
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # not final: the last character may be cut
        return "utf-8", 0
    except UnicodeDecodeError:
        pass
    text = head.decode("utf-8", "surrogateescape")
    invalid = len(re.findall("[\udc80-\udcff]", text))
    if len(re.findall("[^\0-\x7f\udc80-\udcff]", text)) > invalid // 2:
        return "utf-8", 0  # mixed: bytes of another encoding are far more rarely valid UTF-8 by chance
    return _usable_codec(declared) or _guess(head), 0


def _usable_codec(declared: str | None) -> str | None:
    """Return the codec that a page declares, or None if it is unknown or does not decode plain ASCII letters."""
    try:
        codec = codecs.lookup(declared or "").name
        b"a".decode(codec)  # fails for codecs from bytes to bytes, and for two bytes per letter
    except (LookupError, ValueError, TypeError):
        return None
    return WESTERN if codec in ("utf-8", "iso8859-1", "ascii") else codec


def _guess(head: bytes) -> str:
    """Guess the encoding of bytes that are not UTF-8: by the letters of Latin scripts, else by charset-normalizer."""
    sample = b"\n".join(line for line in head.split(b"\n") if not line.isascii())[: 32 * 1024]
    beyond, ascii_letters = sum(byte > 0x7F for byte in sample), len(re.findall(rb"[A-Za-z]", sample))
    if beyond >= MAX_LATIN_SHARE * (beyond + ascii_letters):
        from charset_normalizer import from_bytes  # imported here because few files need it

        best = from_bytes(sample, cp_isolation=OTHER_SCRIPTS).best()
        if best:
            return best.encoding
    return max(LATIN, key=lambda codec: _share_of_usual_letters(sample, codec))  # the first of equals


def _share_of_usual_letters(sample: bytes, codec: str) -> float:
    """Return the share, in twentieths, of usual letters among the non-ASCII characters inside or ending words."""
    letters = re.findall(r"(?<=[^\W\d_])[^\0-\x7f]", sample.decode(codec, "replace"))
    return round(20 * sum(c.lower() in LATIN[codec] for c in letters) / max(1, len(letters)))


def decode(
    chunks: Iterable[bytes], *, name: str, notes: list[str], declared: str | None = None
) -> Iterator[str]:
    """Decode bytes as they arrive into text whose line ends are \\n.

    notes: receives a sentence for anything but plain UTF-8.
    Raises CorpusError if the bytes are not text.
    """
    codecs.register_error(HANDLER, _as_cp1252)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    decoder = None
    for chunk in chunks:
        if decoder is None:
            codec, bom = detect(chunk[:HEAD], declared)
            if why := why_not_text(chunk[:HEAD], codec):
                raise CorpusError(f"{shown(name)} is not text ({why}); save it as plain text.")
            decoder, chunk = codecs.getincrementaldecoder(codec)(), chunk[bom:]
            if codec != "utf-8":
                notes.append(f"{name} was read as {codec.upper() if codec.startswith('utf') else codec}.")
        yield newlines.decode(_decode_chunk(decoder, codec, chunk, False, name, notes))
    if decoder is not None:
        yield newlines.decode(_decode_chunk(decoder, codec, b"", True, name, notes), final=True)


def why_not_text(head: bytes, codec: str) -> str | None:
    """Return why bytes in this encoding are not text, or None if they may be."""
    text = head.decode(codec, "ignore")
    share = len(CONTROL.findall(text)) / max(1, len(text))
    return f"{share:.0%} of its first characters are control characters" if share > CONTROL_SHARE else None


def _decode_chunk(
    decoder: codecs.IncrementalDecoder, codec: str, chunk: bytes, final: bool, name: str, notes: list[str]
) -> str:
    """Decode one chunk; at the first invalid byte, add a note and read invalid bytes as cp1252 from there on."""
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:
        # A decoder changes its state only on success, so it can take the same chunk again.
        if codec == "utf-8":
            decoder.errors = HANDLER
            notes.append(f"{name} is UTF-8 except for some bytes, which were read as cp1252.")
        else:
            decoder.errors = HANDLER if codec == WESTERN else "replace"
            notes.append(f"{name} has some bytes that are not valid {codec}; they were removed.")
        return decoder.decode(chunk, final)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    return error.object[error.start : error.end].decode(WESTERN, "ignore"), error.end
