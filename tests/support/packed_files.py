"""Make zip, PDF and Word files in memory."""

import io
import zipfile

import docx


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
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
    """Return a PDF with one page of texts, each with x and y.

    names: the code in hex of each character that the font names otherwise.
    """
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica"
    stream = "BT " + " ".join(f"/F1 10 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, text in texts) + " ET"
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
