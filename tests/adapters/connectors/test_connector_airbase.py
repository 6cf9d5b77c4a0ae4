"""Airbase's own ways: its scheme word, its filters, its bulk errors."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playback import Reply, playing, reply
from subjects import PLANTED, SUBJECTS, rows_of

from engine.adapters.connectors.port import Call, Lookup
from engine.domain.outcome import Proof
from engine.words.errors import InputError, Unreachable

AIRBASE = SUBJECTS[0]


@pytest.fixture
def playback():
    with playing(lambda asked: AIRBASE.serve(asked, rows_of("erp_reference_id", 150))) as running:
        yield running


@pytest.fixture
def connector(playback):
    made = AIRBASE.connect(playback)
    yield made
    made.close()


def test_the_key_follows_the_scheme_word(connector, playback):
    list(connector.read(AIRBASE.feed))
    assert {asked.headers["authorization"] for asked in playback.asked} == {f"Token {PLANTED}"}


@pytest.mark.parametrize(("setting", "ending"), [({}, "/"), ({"trailing_slash": False}, "")])
def test_addresses_end_with_a_slash_unless_the_tenant_wants_none(playback, setting, ending):
    connector = AIRBASE.connect(playback, **setting)
    list(connector.read("/v1/accounting/vendors"))
    connector.call(Call(verb="patch", path="/v1/accounting/ledger_entries/7", body={}, effect=True))
    connector.ping(things=("/v1/accounting/tags",))
    connector.close()
    seen = {asked.path.partition("?")[0] for asked in playback.asked}
    assert {f"/v1/accounting/{name}{ending}" for name in ("vendors", "ledger_entries/7", "tags")} <= {
        path[path.index("/v1") :] for path in seen
    }


@pytest.mark.parametrize(("set_to", "right"), [("Token", "Bearer"), ("Bearer", "Token")])
def test_ping_finds_out_the_scheme_word(playback, set_to, right):
    def respond(asked):
        accepted = asked.headers["authorization"].startswith(right)
        return AIRBASE.serve(asked, []) if accepted else reply({"detail": "Invalid token."}, 401)

    playback.respond = respond
    connector = AIRBASE.connect(playback, auth_scheme=set_to)
    pinged = connector.ping()
    connector.close()
    assert not pinged.ok
    assert f"auth_scheme: {right}" in pinged.advice


def test_ping_says_when_neither_works(connector, playback):
    playback.play(reply({"detail": "Invalid token."}, 401))
    assert "neither" in connector.ping().advice


def test_a_few_look_ups_use_the_servers_filter_and_many_read_once(connector, playback):
    few = [(("erp_reference_id", f"K{number:04d}"),) for number in (1, 2)]
    assert [len(rows) for rows in connector.find(Lookup(set=AIRBASE.feed, matches=few)).values()] == [1, 1]
    assert {asked.query.get("erp_reference_id") for asked in playback.asked} == {"K0001", "K0002"}
    playback.asked.clear()
    many = [(("erp_reference_id", f"K{number:04d}"),) for number in range(1, 10)]
    assert all(connector.find(Lookup(set=AIRBASE.feed, matches=many)).values())
    assert {asked.query.get("erp_reference_id") for asked in playback.asked} == {None}
    assert len(playback.asked) == 3


def test_a_filter_that_is_ignored_does_no_harm(connector, playback):
    rows = rows_of("erp_reference_id", 20)

    def respond(asked):
        wanted = {name: value for name, value in asked.query.items() if name != "erp_reference_id"}
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        return AIRBASE.serve(replace(asked, raw_query=query), rows)

    playback.respond = respond
    matches = [(("erp_reference_id", "K0001"),), (("erp_reference_id", "K0002"),)]
    assert [len(found) for found in connector.find(Lookup(set=AIRBASE.feed, matches=matches)).values()] == [1, 1]


def test_a_next_page_beside_an_empty_one_is_an_error(connector, playback):
    playback.play(reply({"data": [], "pagination": {"next": "https://x/?page=2", "page": 1}}))
    with pytest.raises(Unreachable, match="not complete"):
        list(connector.read(AIRBASE.feed))


@pytest.mark.parametrize("status", [400, 404, 405, 409, 422])
def test_refusals_with_airbases_own_body(connector, playback, status):
    body = b'{"validation_errors": [{"index": 1, "name": ["too long"]}]}'
    playback.play(Reply(status=status, body=body))
    given = connector.call(Call(verb="post", path="/v1/accounting/vendors/bulk_upsert", body={}, effect=True))
    assert (given.proof, given.message) == (Proof.NO_EFFECT, "entity 1 name: too long")
    assert given.body["validation_errors"][0]["index"] == 1
    assert playback.asked[0].path.endswith("/bulk_upsert/")


def test_what_airbase_does_not_have(connector, playback):
    with pytest.raises(InputError, match="no methods"):
        connector.call(Call(verb="call", path="Erp.BO.X/Y"))
    with pytest.raises(InputError, match="page belongs to the paging"):
        connector.read(AIRBASE.feed, params=(("page", "2"),))
    assert playback.asked == []
