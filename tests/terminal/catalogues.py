"""The till's catalogues: gathered from its code, updated, compiled. `scripts/texts` runs this."""

import ast
import importlib
import io
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

import shared
import terminal
from shared.errors import TallystickError
from terminal.texts import DOMAIN, LANGUAGES, LOCALES

# The errors of both reach a cashier.
PACKAGES = (terminal, shared)
# How many texts a call takes; that of an error, which it may have, is one.
TEXTS_OF = {"_": 1, "marked": 1, "plural": 2}
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
# Its own language needs no catalogue.
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


def error_classes() -> set[type[TallystickError]]:
    """Every kind of error that a till may show."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = {TallystickError}
    while more := {child for kind in found for child in kind.__subclasses__()} - found:
        found |= more
    names = tuple(f"{package.__name__}." for package in PACKAGES)
    return {kind for kind in found if kind.__module__.startswith(names)}


def gathered() -> Catalog:
    """Every text that the code names: those that are looked up, and what errors say, by themselves or where raised."""
    template = Catalog(project=DOMAIN, charset="utf-8")
    errors = error_classes()
    counts = TEXTS_OF | {kind.__name__: 1 for kind in errors}
    for package in PACKAGES:
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            for text in _texts(path, counts):
                template.add(text)
    for kind in errors:
        template.add((kind.__doc__ or "").strip())
    return template


def _texts(path: Path, counts: Mapping[str, int]) -> Iterator[str | tuple[str, ...]]:
    """The texts of a file: the first arguments of each call by one of some names, also within an f-string."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in counts):
            continue
        first = node.args[: counts[node.func.id]]
        texts = tuple(value.value for value in first if isinstance(value, ast.Constant) and type(value.value) is str)
        if len(texts) == counts[node.func.id] and all(texts):
            yield texts if len(texts) > 1 else texts[0]


def path_of(language: str, kind: str) -> Path:
    """Where a language's catalogue lies; `kind` is po or mo."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.{kind}"


def read(language: str) -> Catalog:
    """A language's catalogue, empty where there is none yet."""
    path = path_of(language, "po")
    if not path.exists():
        return Catalog(locale=language, project=DOMAIN)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """A language's catalogue with all that the code names, and nothing else."""
    catalogue = read(language)
    catalogue.update(gathered(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The text of a catalogue; without dates and names, so that the same texts make the same file."""
    buffer = io.BytesIO()
    pofile.write_po(buffer, catalogue, width=120, no_location=True, omit_header=True, sort_output=True)
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {catalogue.locale}\\n"\n'
    plural = f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    return (header + plural).encode() + buffer.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads."""
    with io.BytesIO() as buffer:
        fixed = pofile.read_po(io.BytesIO(written(catalogue)), locale=catalogue.locale)
        # A catalogue says when it was made: the same day for all, so that the same texts make the same file.
        fixed.creation_date = fixed.revision_date = _ANY_DAY
        mofile.write_mo(buffer, fixed)
        return buffer.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """The texts that have no translation."""
    return [
        str(message.id)
        for message in catalogue
        if message.id and not all(message.string if isinstance(message.string, tuple) else (message.string,))
    ]


def stale(language: str) -> list[str]:
    """What of a language's files is not as the code wants it."""
    catalogue = updated(language)
    found = [f"not translated into {language}: {text}" for text in missing(catalogue)]
    for kind, content in (("po", written(catalogue)), ("mo", compiled(catalogue))):
        path = path_of(language, kind)
        if not path.exists() or path.read_bytes() != content:
            found.append(f"{path.name} of {language} is not what scripts/texts would make of it")
    return found


def main(arguments: list[str]) -> int:
    """Update, or check."""
    found = []
    for language in TRANSLATED:
        if "--check" not in arguments:
            catalogue = updated(language)
            path_of(language, "po").parent.mkdir(parents=True, exist_ok=True)
            path_of(language, "po").write_bytes(written(catalogue))
            path_of(language, "mo").write_bytes(compiled(catalogue))
        found += stale(language)
    sys.stdout.write("".join(f"{line}\n" for line in found) or "Every text is translated.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
