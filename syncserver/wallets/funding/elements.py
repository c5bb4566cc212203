"""XML as a stream of small trees, for files that may be hostile: no document type, no entities, bounded in all ways.

Expat reads it; without a document type there is nothing that could be expanded or fetched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from syncserver.wallets.funding.errors import StatementError

MOST_DEPTH = 40
MOST_NODES = 500_000
MOST_TEXT = 100_000


@dataclass(slots=True)
class Node:
    """An element of the document's namespace, with its text and what is in it; `line` is where it begins."""

    name: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self, *path: str) -> Iterator["Node"]:
        """Every element at a path below this one."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> "Node | None":
        """The first element at a path below this one."""
        return next(self.all(*path), None)

    def says(self, *path: str) -> str:
        """The text of the first element at a path, without blanks around it; empty where there is none."""
        found = self.first(*path)
        return found.text.strip() if found is not None else ""


class Reader:
    """Hands over elements as they end, so that no more than one of them is kept."""

    def __init__(
        self,
        accepts: Callable[[str, str], None],
        begins: frozenset[tuple[str, ...]],
        opened: Callable[[Node], None],
        closed: Callable[[Node], None],
    ) -> None:
        """A reader of one document.

        Args:
            accepts: is told the namespace and the name of the root, and raises where it is not what is wanted.
            begins: the paths, from below the root, of elements that are handed over whole.
            opened: is told of each element outside of those.
            closed: is handed each of those.
        """
        self._accepts, self._begins, self._opened, self._closed = accepts, begins, opened, closed
        self._namespace: str | None = None
        self._path: list[str] = []
        self._tree: list[Node] = []
        self._foreign = 0
        self._nodes = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse

    def read(self, data: bytes) -> None:
        """Read a whole document.

        Raises:
            StatementError: it is no XML that is taken here.
        """
        try:
            # Whole: of pieces, expat would begin a long token anew with each, which takes hours for a hostile one.
            self._parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
        except expat.ExpatError as error:
            raise StatementError(f"line {error.lineno}: {expat.errors.messages[error.code]}") from error
        except (LookupError, ValueError) as error:  # an encoding that nobody knows
            raise StatementError("this XML can't be decoded") from error

    def _refuse(self, *_: object) -> NoReturn:
        raise StatementError(f"line {self._parser.CurrentLineNumber}: a document type or an entity is not taken")

    def _start(self, full: str, attributes: dict[str, str]) -> None:
        namespace, _, name = full.rpartition(" ")
        if self._namespace is None:
            self._accepts(namespace, name)
            self._namespace = namespace
            return
        if self._foreign or namespace != self._namespace:
            self._foreign += 1
            self._check_depth()
            return
        self._path.append(name)
        self._check_depth()
        if not self._tree and tuple(self._path) not in self._begins:
            self._opened(self._node(name, {}))
            return
        node = self._node(name, attributes)
        if self._tree:
            self._tree[-1].children.append(node)
        self._tree.append(node)

    def _node(self, name: str, attributes: dict[str, str]) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise StatementError("one entry has too many elements")
        return Node(name, self._parser.CurrentLineNumber, attributes)

    def _check_depth(self) -> None:
        if len(self._path) + self._foreign > MOST_DEPTH:
            raise StatementError("the elements are nested too deep")

    def _characters(self, text: str) -> None:
        if self._tree and not self._foreign:
            node = self._tree[-1]
            node.text += text
            if len(node.text) > MOST_TEXT:
                raise StatementError(f"line {node.line}: this text is too long")

    def _end(self, _: str) -> None:
        if self._foreign:
            self._foreign -= 1
        elif self._path:
            self._path.pop()
            if self._tree:
                node = self._tree.pop()
                if not self._tree:
                    self._nodes = 0
                    self._closed(node)
