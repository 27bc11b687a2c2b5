"""Make archives, PDFs, books and office files in memory."""

import io
import tarfile
import zipfile

import docx


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def tarred(members, **options):
    """Return a tar archive with members, each a name and its content."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", **options) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            content = content.encode() if isinstance(content, str) else content
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def pdf(*pages):
    """Return a PDF, written by hand, with a list of lines for each page."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for i, page in enumerate(pages):
        stream = "BT /F1 12 Tf 14 TL 72 700 Td " + " ".join(f"({line}) Tj T*" for line in page) + " ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return _pdf_of(objects)


def drawn_pdf(texts, names=None):
    """Return a PDF with one page of texts, each with x, y and maybe a size; y of a text that runs upward is negative.

    names: the code in hex of each character that the font names otherwise.
    """
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica"
    stream = "BT " + " ".join(
        f"/F1 {size[0] if size else 10} Tf {'1 0 0 1' if y > 0 else '0 1 -1 0'} {x} {abs(y)} Tm ({text}) Tj"
        for x, y, text, *size in texts
    ) + " ET"  # fmt: skip
    lines = "".join(f"<{code:02X}> <{name}>\n" for code, name in (names or {}).items())
    cmap = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
    cmap += f"1 begincodespacerange <00> <FF> endcodespacerange\n{len(names or {})} beginbfchar\n{lines}endbfchar\n"
    cmap += "1 beginbfrange <20> <7E> <0020> endbfrange\nendcmap end end"
    return _pdf_of([
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        f"{font} /ToUnicode 6 0 R >>" if names else f"{font} >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R "
        "/Resources << /Font << /F1 3 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
    ])  # fmt: skip


def _pdf_of(objects):
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n"
    return out + end.encode() + f"{len(out)}\n%%EOF\n".encode()


def word(*paragraphs, cell=None):
    document, data = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if cell:
        document.add_table(1, 1).cell(0, 0).text = cell
    document.save(data)
    return data.getvalue()


def epub(pages, *, folder="OEBPS", spine=None, extra=()):
    """Return an EPUB with pages of HTML by name; `spine` is their order, by default that of the names."""
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in pages)
    order = "".join(f'<itemref idref="{name}"/>' for name in (pages if spine is None else spine))
    container = f'<container><rootfiles><rootfile full-path="{folder}/book.opf"/></rootfiles></container>'
    return zipped([
        ("mimetype", "application/epub+zip"), ("META-INF/container.xml", container),
        (f"{folder}/book.opf", f"<package><manifest>{items}</manifest><spine>{order}</spine></package>"),
        *((f"{folder}/{name}", f"<html><body>{page}</body></html>") for name, page in pages.items()), *extra,
    ])  # fmt: skip


def odt(body, *, kind="text", styles="", manifest=""):
    """Return an OpenDocument file with a body in its own markup."""
    names = ("office", "text", "table", "style")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    content = f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
    content += f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    return zipped([
        ("mimetype", f"application/vnd.oasis.opendocument.{kind}"), ("content.xml", content),
        ("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>"),
    ])  # fmt: skip


def xlsx(strings="", **sheets):
    """Return an Excel workbook with sheets by name, each in its own markup; `strings` are those that cells share."""
    numbered = list(enumerate(sheets.items(), 1))
    r = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
    relations = "".join(f'<Relationship Id="rId{n}" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered)
    return zipped([
        ("xl/workbook.xml", f"<workbook {r}><sheets>{listed}</sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", f"<Relationships>{relations}</Relationships>"),
        ("xl/sharedStrings.xml", f"<sst>{strings}</sst>"),
        *((f"xl/worksheets/sheet{n}.xml", f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
          for n, (_, rows) in numbered),
    ])  # fmt: skip
