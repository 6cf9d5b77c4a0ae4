"""A JSON API by configuration: every kind of paging and login."""

from __future__ import annotations

import pytest
from playback import playing, reply
from subjects import PLANTED, SUBJECTS

from engine.words.errors import Unreachable

REST = SUBJECTS[2]
ROWS = [{"n": number} for number in range(5)]


@pytest.fixture
def playback():
    with playing() as running:
        yield running


@pytest.fixture
def connect(playback):
    made = []

    def make(**settings):
        connector = REST.connect(playback, **{"paging": "none", "rows": None, **settings})
        made.append(connector)
        return connector

    yield make
    for connector in made:
        connector.close()


def read(connector):
    return [row["n"] for page in connector.read("/feed", params=(("kind", "a b"),)) for row in page.rows]


def test_one_piece(playback, connect):
    playback.play(reply(ROWS))
    assert read(connect()) == [0, 1, 2, 3, 4]
    assert playback.asked[0].raw_query == "kind=a%20b"


def test_page_numbers(playback, connect):
    playback.respond = lambda asked: reply({"d": ROWS[(int(asked.query["p"]) - 1) * 2 :][:2]})
    assert read(connect(paging="page", page_param="p", rows="d")) == [0, 1, 2, 3, 4]


def test_a_cursor(playback, connect):
    def respond(asked):
        at = int(asked.query.get("after", 0))
        return reply({"d": ROWS[at : at + 2], "meta": {"next": at + 2 if at + 2 < 5 else None}})

    playback.respond = respond
    connector = connect(paging="cursor", cursor_param="after", cursor_path="meta.next", rows="d")
    assert read(connector) == [0, 1, 2, 3, 4]


def test_a_link_header(playback, connect):
    def respond(asked):
        at = int(asked.query.get("at", 0))
        link = f'</feed?at={at + 2}&kind=a%20b>; rel="next"' if at + 2 < 5 else '</feed>; rel="first"'
        return reply(ROWS[at : at + 2], Link=link)

    playback.respond = respond
    assert read(connect(paging="link")) == [0, 1, 2, 3, 4]
    assert {asked.query["kind"] for asked in playback.asked} == {"a b"}


def test_a_next_address_in_the_body(playback, connect):
    def respond(asked):
        at = int(asked.query.get("at", 0))
        return reply({"d": ROWS[at : at + 2], "next": f"{playback.url}/feed?at={at + 2}" if at + 2 < 5 else ""})

    playback.respond = respond
    assert read(connect(paging="next_url", rows="d")) == [0, 1, 2, 3, 4]


def test_a_next_address_elsewhere_is_not_followed(playback, connect):
    with playing() as elsewhere:
        playback.play(reply({"d": ROWS, "next": f"{elsewhere.url}/steal"}))
        with pytest.raises(Unreachable, match="not the address of this connection"):
            read(connect(paging="next_url", rows="d"))
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"auth": "bearer"}, "authorization", f"Bearer {PLANTED}"),
        ({"auth": "header", "auth_header": "X-Key"}, "x-key", PLANTED),
        ({"auth": "none", "headers": {"X-Tenant": "t1"}}, "x-tenant", "t1"),
        ({"auth": "none"}, "authorization", None),
    ],
)
def test_logins_and_headers(playback, connect, settings, header, value):
    playback.play(reply([]))
    read(connect(**settings))
    assert playback.asked[0].headers.get(header) == value


def test_rows_deeper_down_and_a_wrong_place(playback, connect):
    playback.play(reply({"a": [{"rows": ROWS}]}))
    assert read(connect(rows="a.0.rows")) == [0, 1, 2, 3, 4]
    with pytest.raises(Unreachable, match=r"'a\.1\.rows': no list"):
        read(connect(rows="a.1.rows"))
