"""What only a server can do to a ledger: be away, be lost in the middle, refuse, and have a clock of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from ledger_scene import AUDIT_KEY, RUN, TURN, WHO, act, begin, bill, open_at, ready, row_of, turn
from proxy import Proxy
from sqlalchemy.engine import make_url
from stores import PostgresStore

from engine.adapters.store import postgresql
from engine.adapters.store.port import Ledger, TurnLost
from engine.adapters.store.sql import open_ledger
from engine.domain.lifecycle import State
from engine.words.clock import ManualClock, SystemClock, random_id
from engine.words.errors import LedgerError
from tests.postgres import Server, connect

OURS = "FROM pg_stat_activity WHERE application_name = 'ml-connector' AND datname = current_database()"
END_OURS = f"SELECT pg_terminate_backend(pid) {OURS}"


@pytest.fixture
def ledger(postgres_store: PostgresStore, clock: ManualClock) -> Iterator[Ledger]:
    opened = open_at(postgres_store.url, clock)
    opened.start_run(RUN, "bills", WHO)
    yield opened
    opened.close()


def refused(url: str) -> str:
    with pytest.raises(LedgerError) as caught:
        open_at(url)
    return str(caught.value)


def wait_for(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_connections_lost_while_idle_are_made_anew(ledger: Ledger, postgres_store: PostgresStore) -> None:
    ready(ledger, "b-1")
    postgres_store.run(END_OURS)
    assert row_of(ledger, "b-1").state is State.READY
    ledger.register([bill("b-2")], RUN)
    assert ledger.verify_trail() == ()


def test_a_connection_lost_in_the_middle_is_told_and_the_next_call_works(
    ledger: Ledger, postgres_store: PostgresStore
) -> None:
    (row,) = ready(ledger, "b-1")
    lease = turn(ledger)
    told: list[str] = []

    def send() -> None:
        with pytest.raises(LedgerError) as caught:
            begin(ledger, row, "7|INV-1", lease)
        told.append(str(caught.value))

    with connect(postgres_store.url) as other:
        other.execute(f"SELECT pg_advisory_lock({postgresql.WRITER_LOCK})")
        thread = threading.Thread(target=send)
        thread.start()
        waiting = f"SELECT count(*) {OURS} AND wait_event_type = 'Lock'"
        wait_for(lambda: other.execute(waiting).fetchone() == (1,))
        other.execute(END_OURS)
        thread.join()
    (sentence,) = told
    assert "the server ended the connection: nothing more was written" in sentence
    assert row_of(ledger, "b-1") == row
    assert ledger.attempts(row.id) == ()
    assert begin(ledger, row, "7|INV-1", lease).number == 1
    assert ledger.verify_trail() == ()


@pytest.mark.parametrize("reaches", [True, False])
def test_a_commit_whose_answer_is_lost_is_asked_for(postgres_store: PostgresStore, reaches: bool) -> None:
    """The connection breaks on the way back from a commit, or on the way there; the server knows which."""
    ledger = open_at(postgres_store.url)
    ledger.start_run(RUN, "bills", WHO)
    (row,) = ready(ledger, "b-1")
    ledger.close()
    with Proxy(make_url(postgres_store.url)) as proxy:
        ledger = open_at(str(proxy.url))
        try:
            lease = turn(ledger)
            proxy.break_next_commit(reaches=reaches)
            if reaches:
                assert begin(ledger, row, "7|INV-1", lease).number == 1
            else:
                with pytest.raises(LedgerError, match="lost"):
                    begin(ledger, row, "7|INV-1", lease)
            assert proxy.broken == 1
            assert row_of(ledger, "b-1").state is (State.SENDING if reaches else State.READY)
            assert len(ledger.attempts(row.id)) == int(reaches)
            assert ledger.verify_trail() == ()
        finally:
            ledger.close()


def test_a_client_that_stalls_with_the_lock_is_cut_off(
    ledger: Ledger, postgres_store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_SESSION", ("SET idle_in_transaction_session_timeout = '500ms'",))
    other = open_at(postgres_store.url)
    stalled, go_on = threading.Event(), threading.Event()

    def stall(_connection: Any) -> None:
        stalled.set()
        go_on.wait()

    def work() -> None:
        with pytest.raises(LedgerError, match=r"lost|stalled"):
            other.database._writer.run(stall)  # type: ignore[attr-defined]

    thread = threading.Thread(target=work)
    thread.start()
    stalled.wait()
    ledger.register([bill("b-1")], RUN)
    go_on.set()
    thread.join()
    other.register([bill("b-2")], RUN)
    other.close()
    assert len(ledger.records()) == 2


def test_a_lock_that_is_kept_too_long_is_told(postgres_store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_SESSION", ("SET lock_timeout = '200ms'",))
    ledger = open_at(postgres_store.url)
    try:
        with connect(postgres_store.url) as other:
            other.execute(f"SELECT pg_advisory_lock({postgresql.WRITER_LOCK})")
            with pytest.raises(LedgerError, match="another process has kept it locked"):
                ledger.start_run(RUN, "bills", WHO)
        ledger.start_run(RUN, "bills", WHO)
    finally:
        ledger.close()


def test_leases_go_by_the_servers_clock(postgres_store: PostgresStore) -> None:
    """A machine whose clock is a day ahead cannot take a turn that is not over, nor lose its own."""
    here = open_at(postgres_store.url, SystemClock())
    ahead = open_ledger(
        postgres_store.url,
        audit_key=AUDIT_KEY,
        clock=ManualClock(SystemClock().now() + timedelta(days=1)),
        make_id=random_id,
    )
    try:
        here.start_run(RUN, "bills", WHO)
        (row,) = ready(here, "b-1")
        lease = turn(here, "here", seconds=30)
        assert ahead.take_lease(TURN, "ahead", 30) is None
        assert ahead.lease_holder(TURN) == lease
        here.release_lease(lease)
        theirs = turn(ahead, "ahead", seconds=0.3)
        assert here.take_lease(TURN, "here", 30) is None
        wait_for(lambda: here.lease_holder(TURN) is None)
        with pytest.raises(TurnLost, match="ran out"):
            begin(ahead, row, "7|INV-1", theirs)
        assert turn(here, "here").fence == theirs.fence + 1
    finally:
        here.close()
        ahead.close()


def test_the_servers_settings_do_not_weaken_the_ledger(postgres_store: PostgresStore) -> None:
    name = make_url(postgres_store.url).database
    postgres_store.run(
        f"ALTER DATABASE {name} SET synchronous_commit = off",
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'",
    )
    one, two = open_at(postgres_store.url), open_at(postgres_store.url)
    try:
        with one.database._engine.connect() as connection:  # type: ignore[attr-defined]
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        one.start_run(RUN, "bills", WHO)

        def write(ledger: Ledger) -> None:
            for number in range(40):
                ledger.audit(act({"number": number}))

        threads = [threading.Thread(target=write, args=(ledger,)) for ledger in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.head()[0] == 81
        assert two.verify_trail() == ()
        with pytest.raises(Exception, match="only reads"):
            one.database.read(lambda connection: connection.exec_driver_sql("DELETE FROM claims"))
    finally:
        one.close()
        two.close()


def test_few_connections_are_held(ledger: Ledger, postgres_store: PostgresStore) -> None:
    ready(ledger, "b-1")
    threads = [
        threading.Thread(target=lambda: [row_of(ledger, "b-1") for _ in range(10)] and None) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((held,),) = postgres_store.rows(f"SELECT count(*) {OURS}")
    assert 1 <= held <= postgresql.POOL_SIZE + postgresql.POOL_OVERFLOW


def test_a_server_or_database_that_is_not_there_is_told(postgres_store: PostgresStore) -> None:
    url = make_url(postgres_store.url)
    assert "no_such_database" in refused(url.set(database="no_such_database").render_as_string(hide_password=False))
    sentence = refused("postgresql://rosa:secret-word@127.0.0.1:1/ledger")
    assert sentence.startswith("the ledger postgresql://rosa:***@127.0.0.1:1/ledger: ")
    assert "refused" in sentence
    assert "secret-word" not in sentence
    assert "\n" not in sentence
    assert "cannot be read" in refused("postgresql://rosa:secret-word@host:port/ledger")


def test_a_user_without_rights_is_told(postgres_server: Server, postgres_store: PostgresStore) -> None:
    name = f"{make_url(postgres_store.url).database}_clerk"
    postgres_store.run("REVOKE ALL ON SCHEMA public FROM public", f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    try:
        sentence = refused(make_url(postgres_store.url).set(username=name, password="x").render_as_string(False))
        assert "schema" in sentence
    finally:
        postgres_server.run(f"DROP ROLE {name}")


def test_a_database_that_cannot_hold_all_letters_is_refused(postgres_server: Server) -> None:
    name = "ml_connector_test_ascii"
    postgres_server.run(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"
    )
    try:
        assert "encoding UTF8" in refused(postgres_server.url.set(database=name).render_as_string(False))
    finally:
        postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_usual_spellings_of_the_url_are_taken(postgres_store: PostgresStore, scheme: str) -> None:
    ledger = open_at(postgres_store.url.replace("postgresql", scheme, 1))
    ledger.close()


def test_a_missing_driver_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from engine.adapters.store.dialect import open_engine\n"
        "from engine.words.errors import LedgerError\n"
        "try: open_engine('postgresql://host/ledger')\n"
        "except LedgerError as error: print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'psycopg[binary]'" in ended.stdout


def test_the_trail_cannot_be_truncated(ledger: Ledger, postgres_store: PostgresStore) -> None:
    for table in ("audit", "audit_head"):
        with pytest.raises(Exception, match="append-only"):
            postgres_store.run(f"TRUNCATE {table}")
    postgres_store.tamper("TRUNCATE audit")
    (sentence,) = ledger.verify_trail()
    assert sentence == (
        "event 1 was removed from the end: the seal of the trail names event 1, "
        "and the last one left is the beginning"
    )


def test_times_are_told_in_utc_whatever_the_server_says(postgres_store: PostgresStore) -> None:
    name = make_url(postgres_store.url).database
    postgres_store.run(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    ledger = open_at(postgres_store.url, SystemClock())
    try:
        lease = turn(ledger, seconds=60)
        assert lease.expires_at.utcoffset() == timedelta(0)
        assert abs(lease.expires_at - SystemClock().now() - timedelta(seconds=60)) < timedelta(seconds=30)
        assert ledger.lease_holder(TURN) == lease
    finally:
        ledger.close()
