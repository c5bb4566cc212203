"""What must be private is private, or refused."""

import os
import stat
from pathlib import Path

import pytest

from syncserver.postgres.errors import UnsafeFolderError
from syncserver.postgres.folders import (
    SOCKET_PATH_BYTES,
    TEMPORARY,
    private_folder,
    public_folder,
    socket_folder,
    write_private,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_folder_is_made_once_and_found_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert mode(private_folder(tmp_path / "mine")) == 0o700


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o750)
    with pytest.raises(UnsafeFolderError, match="mode 0750"):
        private_folder(tmp_path / "open")


def test_a_link_in_a_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(UnsafeFolderError, match="not a folder"):
        private_folder(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 4242, 4242)
    with pytest.raises(UnsafeFolderError, match="user 4242"):
        private_folder(tmp_path / "theirs")


def test_a_shared_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    assert mode(public_folder(tmp_path / "a" / "b")) == 0o755
    (tmp_path / "a" / "b").chmod(0o777)
    with pytest.raises(UnsafeFolderError, match="mode 0777"):
        public_folder(tmp_path / "a" / "b")


@pytest.fixture
def short(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a short path, for which the system's temporary folder is taken."""
    monkeypatch.setattr("tempfile.tempdir", str(home.parent))
    return home.parent


def test_a_socket_lies_beside_the_data_while_its_path_fits(short: Path) -> None:
    longest = SOCKET_PATH_BYTES - len("/socket/.s.PGSQL.5432")
    place = short / ("x" * (longest - len(f"{short}/")))
    place.mkdir()
    assert socket_folder(place, place, uid=None, gid=None) == place / "socket"
    too_long = place.with_name(place.name + "x")
    assert socket_folder(too_long, too_long, uid=None, gid=None).parent == short


def test_a_socket_with_too_long_a_path_goes_to_the_temporary_folder(short: Path) -> None:
    place = Path("/" + "ü" * 60)
    folder = socket_folder(place, place, uid=None, gid=None)
    assert folder.parent == short
    assert mode(folder) == 0o700
    assert folder == socket_folder(place, place, uid=None, gid=None)
    assert folder != socket_folder(place, place / "other", uid=None, gid=None)


def test_where_even_the_temporary_folder_is_too_long_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/" + "x" * 120)
    place = Path("/" + "y" * 120)
    folder = socket_folder(place, place, uid=None, gid=None)
    assert folder.parent == TEMPORARY
    folder.rmdir()


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("first, and longer", "second"):
        write_private(path, text)
        assert path.read_text() == text
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
