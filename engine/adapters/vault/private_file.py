"""Files for their owner only: read without following links, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.words.errors import CredentialsError

SIZE_MAX = 1_000_000
"""Bytes; a larger file is not one of ours."""


def read_private(path: Path) -> bytes | None:
    """The content of a file that only we can read; None when there is no file.

    Raises:
        CredentialsError: it is a link, is not ours, or others may read or write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise CredentialsError(f"{path} is a link, and is not followed: put the file itself there") from None
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from error
    try:
        _refuse_shared(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(SIZE_MAX + 1)
    finally:
        os.close(descriptor)
    if len(content) > SIZE_MAX:
        raise CredentialsError(f"{path} is larger than {SIZE_MAX} bytes: it is not a file of ml-connector")
    return content


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsError(f"{path} is not a file")
    if status.st_uid != os.geteuid():
        raise CredentialsError(f"{path} belongs to another user: run as its owner, or `chown` it")
    if status.st_mode & 0o077:
        raise CredentialsError(f"{path} is open to others: run `chmod 600 {path}`")


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once and durably; after a crash there is the old content or the new.

    Raises:
        CredentialsError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _make_folder(path.parent)
        for left in path.parent.glob(f".{path.name}.*.new"):
            left.unlink(missing_ok=True)  # of a writer that was killed; writers take turns
        _create(beside, content)
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CredentialsError(f"{path} cannot be written: {error.strerror}") from error


def create_private(path: Path, content: bytes) -> None:
    """Make a new file, never over an old one.

    Raises:
        CredentialsError: it is there already, or cannot be written.
    """
    try:
        _make_folder(path.parent)
        _create(path, content)
        _sync_folder(path.parent)
    except FileExistsError:
        raise CredentialsError(f"{path} is there already, and is not written over") from None
    except OSError as error:
        raise CredentialsError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock file, so that two processes do not overwrite each other's changes.

    Raises:
        CredentialsError: it cannot be made.
    """
    try:
        _make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CredentialsError(f"{path} cannot be made: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _create(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
