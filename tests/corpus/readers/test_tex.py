import time

import pytest

from mlm_demo.corpus.documents import Document
from mlm_demo.corpus.readers.tex import plain_text

DOCUMENT = r"""% a remark
\documentclass[11pt]{article}
\usepackage{graphicx}
\title{On \emph{herons}}
\author{A. Heron}
\begin{document}
\maketitle
\begin{abstract}
Herons wait~\cite{smith, jones}. % another remark
\end{abstract}
\section{Methods}\label{sec:m}
We counted 12\% of \textbf{them} in Fig.~\ref{fig:a}.
\begin{figure}[t]\includegraphics{a.png}\caption{A heron.}\end{figure}
\begin{equation}E = mc^2\end{equation}
\begin{itemize}\item One. \item Two.\end{itemize}
\begin{thebibliography}{9}\bibitem{x} Nobody.\end{thebibliography}
\end{document}
Not read."""
TEXT = "On herons\n\nHerons wait.\n\nMethods\n\nWe counted 12% of them in Fig..\n\nOne.\n\nTwo."


@pytest.mark.parametrize("name", ["a.tex", "a.txt"])
def test_the_sentences_of_latex_are_read(read, name):
    found, notes = read(name, DOCUMENT)
    assert found == [Document(name, TEXT)]
    assert notes == (["a.txt is a LaTeX file, and was read as one."] if name == "a.txt" else [])


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"caf\'e, na\"{\i}ve, \~n and \c{c}", "café, naïve, ñ and ç"),
        (r"$10^{6}$ cells at $\alpha = 0.05$", "10^6 cells at α = 0.05"),
        (r"$\frac{1}{2}$ of CO$_2$", "1/2 of CO2"),
        (r"5 $\mu$g $\leq$ 6 $\times$ 2", "5 µg ≤ 6 × 2"),
        (r"``So'', he said -- it's", "“So”, he said – it's"),
        (r"a\footnote{Seen \textit{from} here.} b", "a b"),
        (r"see \citep[p.~3]{smith} now", "see now"),
        (r"Fr\'{e}d\'eric stra\ss e", "Frédéric straße"),
        (r"{\bf bold} and \textsc{caps}", "bold and caps"),
        (r"50\% \& more \$5 \#1", "50% & more $5 #1"),
        ("a $$x = y$$ b and \\[ z \\] c", "a b and c"),
        ("one % remark\ntwo", "one\ntwo"),
        (r"one \\[2mm] two \\*[1ex] three\\\[ x \] four", "one\n two\n three\n four"),
        (r"{\it Apis} and {\sc caps}, \ac{DNA}", "Apis and caps, DNA"),
        (r"$\log x$ and $\Pr(A)$", "log x and Pr(A)"),
        (r"\newcommand{\etal}{et al.\xspace}Smith \etal found", "Smith et al. found"),
        (r"\newcommand{\lg}[1]{\textit{#1}}A \lg{verb} b", "A verb b"),
        (r"\def\ee{\end{equation}}\newcommand\be{\begin{equation}}a \be x \ee b", "a b"),
    ],
)
def test_commands_become_characters_or_go(tex, text):
    assert plain_text(tex) == text


@pytest.mark.parametrize(
    "unit",
    [
        "\\",
        "{",
        "$",
        "\\cite{",
        "\\begin{figure}",
        "%",
        "\\[",
        "\\footnote{",
        "^{",
        "\\'",
        "\\def\\a{",
        "\\def\\a{a}\\a ",
    ],
)
def test_a_megabyte_of_any_mark_takes_little_time(unit):
    start = time.process_time()
    plain_text(unit * (200_000 // len(unit)))
    assert time.process_time() - start < 4
