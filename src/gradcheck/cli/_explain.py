"""``gradcheck explain``: what each word in a report means, where it comes from, and what to do."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from textwrap import fill

from gradcheck.differentiate._errors import UsageError

__all__ = ["Page", "find", "index", "pages"]

WIDTH = 80
KINDS = {
    "verdict": "Verdicts",
    "code": "What was looked at",
    "diagnosis": "Kinds of mistake, and of pass",
    "status": "What the function looks like where its derivative was measured",
}


@dataclass(frozen=True)
class Page:
    """One word that reports use."""

    kind: str
    slug: str
    title: str
    meaning: str
    cause: str
    example: str
    cure: str

    def __str__(self) -> str:
        parts = [
            fill(f"{self.slug} ({self.kind}): {self.title}", WIDTH),
            fill(self.meaning, WIDTH),
            fill(f"Usual cause: {self.cause}", WIDTH),
            f"Example:\n{self._example()}",
            fill(f"What to do: {self.cure}", WIDTH),
        ]
        return "\n\n".join(parts)

    def _example(self) -> str:
        """The code, and what is said about it, on lines of their own."""
        lines = re.split(r" +# ", self.example)
        return "\n".join(f"    {'# ' if place else ''}{line}" for place, line in enumerate(lines))


@cache
def pages() -> tuple[Page, ...]:
    """Every page, in the order of the file."""
    text = files("gradcheck.cli").joinpath("pages.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    return tuple(Page(kind, slug, **page) for kind, table in document.items() for slug, page in table.items())


def find(word: str) -> list[str]:
    """The pages of a word (one word may be both a code and a status), as text.

    Raises
    ------
    UsageError
        For a word that no report uses, with the nearest that one does.
    """
    found = [str(page) for page in pages() if page.slug == word.lower()]
    known = {page.slug for page in pages()}
    if not found and word.upper().startswith("GC"):
        return [_of_the_kit(word.upper())]
    if not found:
        near = get_close_matches(word.lower(), sorted(known), n=1)
        cure = str(near[0]) if near else "gradcheck explain, which lists them all"
        raise UsageError(repr(word), "no report uses this word", cure)
    return found


def _of_the_kit(code: str) -> str:
    """The page of a check of the conformance kit, which keeps its own."""
    from gradcheck.conformance import explain

    return str(explain(code))


def index() -> Iterator[str]:
    """All words with their titles, under a heading for each kind."""
    for kind, heading in KINDS.items():
        own = [page for page in pages() if page.kind == kind]
        yield f"{heading}:"
        yield from (f"  {page.slug:26}{page.title}" for page in own)
        yield ""
    yield "gradcheck explain WORD shows the page; the ids of the conformance kit (GC101) have pages too."
