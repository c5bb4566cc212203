"""Where the unlock secret comes from: a file, a systemd credential, a file in the home, or a person; never argv."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from terminal.clock import Random
from terminal.errors import ExposedSecretError, NoSecretError, UnlockError
from terminal.store.files import write_atomically
from terminal.store.vault import Secret
from terminal.texts import _, marked, system_words

FILE_VARIABLE = "TALLYSTICK_UNLOCK_FILE"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
CREDENTIAL = "tallystick-unlock"
HOME_FILE = "unlock"
_MOST_BYTES = 4_096
_NEW_BYTES = 32
_OTHERS = 0o077

Ask = Callable[[str], str]


def ask_person() -> Ask | None:
    """How to ask whoever sits there, or None where nobody does."""
    return getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None


def find_secret(home: Path, environ: Mapping[str, str] = os.environ, ask: Ask | None = None) -> Secret:
    """The secret of a terminal that has a vault; see the module for the order of places.

    Raises:
        NoSecretError: where none is found and nobody can be asked.
        ExposedSecretError: where the home's file may be read by others.
        UnlockError: where a named file can't be read.
    """
    secret = _from_files(home, environ)
    if secret is not None:
        return secret
    if ask is None:
        raise NoSecretError
    return _checked(ask(_("Unlock secret: ")).encode(), marked("the unlock secret"))


def find_or_make_secret(
    home: Path,
    random: Random,
    environ: Mapping[str, str] = os.environ,
    ask: Ask | None = None,
    made: Callable[[Path], None] | None = None,
) -> Secret:
    """The secret for a new vault: as `find_secret`, else a new one from a person, or in a file that is made here.

    `made` hears of that file.
    """
    secret = _from_files(home, environ)
    if secret is not None:
        return secret
    if ask is not None:
        typed = ask(_("New unlock secret (empty: keep one in a file): "))
        if typed:
            if ask(_("The same again: ")) != typed:
                raise UnlockError("the two secrets differ; nothing was changed")
            return _checked(typed.encode(), marked("the unlock secret"))
    value = random(_NEW_BYTES).hex().encode()
    path = home / HOME_FILE
    write_atomically(path, value + b"\n")
    if made is not None:
        made(path)
    return Secret(value)


def _from_files(home: Path, environ: Mapping[str, str]) -> Secret | None:
    if named := environ.get(FILE_VARIABLE):
        return _read(Path(named))
    if folder := environ.get(CREDENTIALS_VARIABLE):
        credential = Path(folder) / CREDENTIAL
        if credential.exists():
            return _read(credential)
    own = home / HOME_FILE
    if own.exists():
        if own.stat().st_mode & _OTHERS:
            raise ExposedSecretError("{own} may be read by others. Run `chmod 600` on it.", own=own)
        return _read(own)
    return None


def _read(path: Path) -> Secret:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnlockError("the unlock file {path} can't be read: {why}", path=path, why=system_words(error)) from error
    return _checked(content.removesuffix(b"\n").removesuffix(b"\r"), str(path))


def _checked(value: bytes, what: str) -> Secret:
    if not value:
        raise UnlockError("{what} is empty", what=what)
    if len(value) > _MOST_BYTES:
        raise UnlockError("{what} is longer than {most} bytes", what=what, most=_MOST_BYTES)
    return Secret(value)
