"""Bytes into clean text: which encoding they are in, decoding as they come, pieces of bounded length.

Nothing here holds more than a few megabytes at a time, whatever the length of a file or of its lines.
"""

import codecs
import io
import re
from collections.abc import Iterable, Iterator

from charset_normalizer import from_bytes

from mlm_demo.errors import CorpusError, shown

HEAD = 256 * 1024  # bytes that the encoding and the format are told from
CONTROL_SHARE = 0.05
CAN_BE_READ = (
    "text, Markdown, CSV, TSV, JSON, JSONL, Parquet, HTML, PDF, .docx, PubMed or JATS XML, .gz and .zip"
)

BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Guessed from: the encodings files are met in. cp1252 stands for latin-1 too, whose other codes are controls.
WESTERN = "cp1252"
CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžäöüßőűôăâîţ"
LATIN = {  # the letters that texts in an encoding use, by which charset-normalizer cannot tell them apart
    WESTERN: "àâäæçéèêëîïôöœùûüßñáíóúåøãõ",
    "cp1250": CENTRAL,
    "iso8859_2": CENTRAL,
    "cp1254": "çğıöşüâîi̇",
}
OTHER_SCRIPTS = [
    "cp1251", "koi8_r", "iso8859_5", "cp866", "cp1253", "iso8859_7", "cp1255", "cp1256", "cp874",
    "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
LATIN_AT_MOST = 0.4  # share of letters beyond ASCII; other scripts have more, Latin ones less

BINARY = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"RIFF": "a sound, video or WebP file",
    b"ID3": "an MP3 file",
    b"OggS": "an Ogg file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file; save it as .docx or .csv",
    b"SQLite format 3\0": "an SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; pack it as .zip",
    b"Rar!": "a RAR archive; pack it as .zip",
    b"BZh": "a bzip2 file; pack it as .gz",
    b"\xfd7zXZ": "an xz file; pack it as .gz",
    b"\x28\xb5\x2f\xfd": "a zstd file; pack it as .gz",
}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# What `tidy` replaces: page and line breaks of other kinds, what nobody sees, halves of surrogate pairs (which JSON
# can spell, and no tokenizer takes).
ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
BREAKS = {"\f": "\n\n", "\u2029": "\n\n", "\v": "\n", "\r": "\n", "\x85": "\n", "\u2028": "\n"}
HANDLER = "mlm_demo.cp1252"


def detect(head: bytes, declared: str | None = None) -> tuple[str, int]:
    """Tell the encoding from the first bytes of a text: the codec's name and the length of the byte order mark.

    `declared` is what a page says of itself; it counts where neither a mark nor valid UTF-8 speaks against it.
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
    bad = len(re.findall("[\udc80-\udcff]", text))
    if len(re.findall("[^\0-\x7f\udc80-\udcff]", text)) > bad // 2:
        return "utf-8", 0  # mixed: by chance, another encoding's bytes are valid UTF-8 far more seldom
    return _declared(declared) or _guess(head), 0


def _declared(name: str | None) -> str | None:
    try:
        codec = codecs.lookup(name or "").name
        b"a".decode(codec)  # no codec that makes bytes out of bytes, none of two bytes a letter
    except (LookupError, ValueError, TypeError):
        return None
    return WESTERN if codec in ("utf-8", "iso8859-1", "ascii") else codec


def _guess(head: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8: by their letters if Latin, else charset-normalizer's."""
    sample = b"\n".join(line for line in head.split(b"\n") if not line.isascii())[: 32 * 1024]
    beyond, ascii_letters = sum(byte > 0x7F for byte in sample), len(re.findall(rb"[A-Za-z]", sample))
    if beyond >= LATIN_AT_MOST * (beyond + ascii_letters):
        best = from_bytes(sample, cp_isolation=OTHER_SCRIPTS).best()
        if best:
            return best.encoding
    return max(LATIN, key=lambda codec: _usual_letters(sample, codec))  # the first of equals


def _usual_letters(sample: bytes, codec: str) -> float:
    """The share, to a twentieth, of the characters beyond ASCII within or ending words that are usual."""
    found = re.findall(r"(?<=[^\W\d_])[^\0-\x7f]", sample.decode(codec, "replace"))
    return round(20 * sum(c.lower() in LATIN[codec] for c in found) / max(1, len(found)))


def decode(
    chunks: Iterable[bytes], *, name: str, notes: list[str], declared: str | None = None
) -> Iterator[str]:
    """Decode bytes as they come into text whose line ends are \\n; `notes` is told all but plain UTF-8.

    Raises CorpusError if the bytes are no text.
    """
    codecs.register_error(HANDLER, _as_cp1252)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    decoder = None
    for chunk in chunks:
        if decoder is None:
            codec, bom = detect(chunk[:HEAD], declared)
            check_text(chunk[:HEAD], codec, name)
            decoder, chunk = codecs.getincrementaldecoder(codec)(), chunk[bom:]
            if codec != "utf-8":
                notes.append(f"{name} was read as {codec.upper() if codec.startswith('utf') else codec}.")
        yield newlines.decode(_decoded(decoder, codec, chunk, False, name, notes))
    if decoder is not None:
        yield newlines.decode(_decoded(decoder, codec, b"", True, name, notes), final=True)


def check_text(head: bytes, codec: str, name: str) -> None:
    """Raise CorpusError if the first bytes of a file are those of something else than text."""
    plain = not CONTROL.search(head[:HEAD].decode("latin-1").replace("\x85", ""))
    what = None if plain else next((what for magic, what in BINARY.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        what = "a tar archive; pack it as .zip"
    if what is None:
        text = head.decode(codec, "ignore")
        share = len(CONTROL.findall(text)) / max(1, len(text))
        if share <= CONTROL_SHARE:
            return
        what = f"{share:.0%} of its first characters are control characters"
    else:
        what = f"it looks like {what}"
    raise CorpusError(f"{shown(name)} is not text ({what}); give one of {CAN_BE_READ}.")


def _decoded(
    decoder: codecs.IncrementalDecoder, codec: str, chunk: bytes, final: bool, name: str, notes: list[str]
) -> str:
    """Decode one chunk; at the first byte that does not fit, tell it and go on with it read as cp1252."""
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:
        # A decoder changes its state only when it succeeds, so the chunk can be given again.
        if codec == "utf-8":
            decoder.errors = HANDLER
            notes.append(
                f"{name} is mixed: UTF-8 with some bytes that are not, and those were read as cp1252."
            )
        else:
            decoder.errors = HANDLER if codec == WESTERN else "replace"
            notes.append(f"{name} has some bytes that are not {codec}, and those were left out.")
        return decoder.decode(chunk, final)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    return error.object[error.start : error.end].decode(WESTERN, "ignore"), error.end


def tidy(text: str) -> str:
    """Leave out control characters, make all line ends \\n and put one empty line between paragraphs."""
    if ODD.search(text):
        text = ODD.sub(lambda odd: BREAKS.get(odd[0], ""), text.replace("\r\n", "\n"))
    return re.sub(r"\n\s*\n", "\n\n", text).strip()


def pieces(chunks: Iterable[str], limit: int) -> Iterator[str]:
    """Join text and cut it into pieces of at most `limit` characters, at a paragraph, line or space if it can be."""
    parts, length = [], 0
    for chunk in chunks:
        parts.append(chunk)
        length += len(chunk)
        if length > limit:
            buffer, start = "".join(parts), 0
            while len(buffer) - start > limit:
                end = _boundary(buffer, start, start + limit)
                yield buffer[start:end]
                start = end
            parts, length = [buffer[start:]], len(buffer) - start
    if length:
        yield "".join(parts)


def _boundary(text: str, start: int, end: int) -> int:
    """Where to cut: after the last boundary in the second half, the better kind first."""
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, start + (end - start) // 2, end)
        if found > start:
            return found + len(mark)
    return end


def lines(chunks: Iterable[str], *, name: str, longest: int) -> Iterator[str]:
    """Split text at \\n, the end included; raises CorpusError at a line of more than `longest` characters."""
    parts: list[str] = []
    number = length = 0
    for chunk in chunks:
        for line in io.StringIO(chunk, newline="\n"):
            parts.append(line)
            length += len(line)
            if length > longest:
                raise CorpusError(
                    f"Line {number + 1} of {shown(name)} is longer than {longest:,} characters; break it up."
                )
            if line.endswith("\n"):
                yield "".join(parts)
                parts, length, number = [], 0, number + 1
    if parts:
        yield "".join(parts)


def plain_markdown(text: str) -> str:
    """Leave out the marks of Markdown: # of headings, lines of code fences, targets of links and pictures."""
    text = re.sub(r"^ {0,3}(?:```|~~~).*\n?|^(?:={3,}|-{3,})[ \t]*$", "", text, flags=re.MULTILINE)
    # The end is taken off by itself: as part of the pattern it takes the square of a line of # and spaces.
    heading = r"^ {0,3}#{1,6}[ \t]+(.*)$"
    text = re.sub(heading, lambda found: found[1].rstrip(" \t#"), text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^\[\]]*)\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,200}\])", r"\1", text)
    return text.replace("**", "")
