"""Why a page of a book is refused. Whatever is refused changes nothing: the book that was there stays."""

from shared.errors import TallystickError


class BookRefusedError(TallystickError):
    """This page of the code book is refused; the terminal keeps the book that it has."""

    code = "BOOK_REFUSED"


class ForeignBookError(BookRefusedError):
    """This code book is signed for another terminal."""

    code = "FOREIGN_BOOK"


class OlderBookError(BookRefusedError):
    """This code book is older than the one that the terminal has."""

    code = "OLDER_BOOK"


class OlderGenerationError(OlderBookError):
    """This code book is of an earlier generation than the one that the terminal has."""

    code = "OLDER_GENERATION"


class ExpiredBookError(BookRefusedError):
    """This code book had expired when it arrived."""

    code = "EXPIRED_BOOK"


class MisplacedPageError(BookRefusedError):
    """This page of the code book does not go on where the terminal stands."""

    code = "MISPLACED_PAGE"


class NewGenerationError(MisplacedPageError):
    """The server has a new generation of the code book: it has to be pulled from the start."""

    code = "NEW_GENERATION"
