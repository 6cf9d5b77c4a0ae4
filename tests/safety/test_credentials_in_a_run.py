"""Credentials that end in the middle of a run: renewed, taken over, or waited for; nothing fails, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.faces.sandbox.exchange import SandboxRequest, SandboxResponse
from engine.faces.sandbox.sandbox import AIRBASE_TOKEN, EPICOR_CLIENT_ID, EPICOR_CLIENT_SECRET
from engine.wiring.app import open_vault
from engine.wiring.credential_warnings import (
    CredentialState,
    CredentialWarning,
    credential_states,
    credential_warnings,
)
from engine.wiring.credentials import LOOK_S, CredentialsOf
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError
from engine.words.secret import Secret
from tests.run.conftest import MakeHouse
from tests.run.house import House, bills

NEXT = "the-next-airbase-token-5f2c"


def login_by_client(house: House) -> None:
    vault = open_vault(house.workspace())
    vault.set("epicor", "client_id", Secret(EPICOR_CLIENT_ID))
    vault.set("epicor", "client_secret", Secret(EPICOR_CLIENT_SECRET))


def events(house: House, kind: str) -> list[dict[str, object]]:
    with house.setup() as setup:
        return [event.detail for _, event, _ in setup.ledger.trail() if event.kind == kind]


def states(house: House) -> tuple[CredentialState, ...]:
    with house.setup() as setup:
        return credential_states(house.workspace(), open_vault(house.workspace()), setup.ledger, datetime.now(UTC))


def warnings(house: House) -> tuple[CredentialWarning, ...]:
    with house.setup() as setup:
        return credential_warnings(house.workspace(), open_vault(house.workspace()), setup.ledger, datetime.now(UTC))


def after_requests(house: House, system: str, path: str, number: int, act: object) -> None:
    """Do something when so many requests to a path have been answered."""
    one = house.sandbox.epicor if system == "epicor" else house.sandbox.airbase
    respond, left = one.respond, [number]

    def counting(request: SandboxRequest) -> SandboxResponse:
        if path in request.path:
            left[0] -= 1
            if left[0] == 0:
                act()  # type: ignore[operator]
        return respond(request)

    one.respond = counting  # type: ignore[method-assign]


def test_the_file_of_credentials_is_looked_at_from_time_to_time_and_when_it_must_be(make_house: MakeHouse) -> None:
    workspace, clock = make_house().workspace(), ManualClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
    operators = open_vault(workspace)
    used = CredentialsOf(open_vault(workspace), "epicor", clock)

    def changed_to(text: str) -> str:
        operators.set("epicor", "password", Secret(text))
        return used.get("password").reveal()

    assert changed_to("first") == "first"
    assert changed_to("second") == "first", "no look for each request"
    clock.sleep(LOOK_S)
    assert used.get("password").reveal() == "second"
    assert changed_to("third") == "second"
    used.look_again()
    assert used.get("password").reveal() == "third"


@pytest.mark.slow
def test_a_token_that_ends_among_500_records_is_renewed_once(make_house: MakeHouse) -> None:
    house = make_house(*bills(500), epicor="in_flight: 8")
    token_url = house.sandbox.urls["epicor_token"]
    house.edit("connections.yaml", "login: basic", f'login: client_credentials\n    token_url: "{token_url}"')
    login_by_client(house)
    after_requests(house, "epicor", "UpdateMaster", 250, house.sandbox.epicor.door.expire_tokens)
    result = house.run("bills")
    assert result.sent == 500
    assert set(house.states("bills").values()) == {"entered"}
    assert len(house.invoices()) == 500
    tokens = [path for path in house.wire.paths("epicor", "POST") if "connect/token" in path]
    assert len(tokens) == 2, "one login, one renewal, although eight were in flight"
    with house.setup() as setup:
        for row in setup.ledger.records(mapping="bills", limit=1000):
            (attempt,) = setup.ledger.attempts(row.id)
            assert attempt.proof == "effect"


def test_a_rotated_key_with_a_next_one_stored_is_not_noticed(make_house: MakeHouse) -> None:
    house = make_house(*bills(60), airbase="page_size: 10\ntoken_lifetime_days: 90")
    open_vault(house.workspace()).set("airbase", "api_key", Secret(NEXT), upcoming=True)
    after_requests(house, "airbase", "ledger_entries", 3, lambda: house.sandbox.airbase.tokens.rotate(NEXT))
    result = house.run("bills")
    assert result.sent == result.acknowledged == 60
    assert set(house.states("bills").values()) == {"entered"}
    vault = open_vault(house.workspace())
    assert vault.get("airbase", "api_key") == Secret(NEXT)
    assert vault.upcoming("airbase", "api_key") is None
    (change,) = events(house, "credential taken over")
    assert change.pop("set_at") == str(vault.set_at("airbase", "api_key")).replace(" ", "T")
    assert change == {
        "connection": "airbase",
        "field": "api_key",
        "from": Secret(AIRBASE_TOKEN).fingerprint(),
        "to": Secret(NEXT).fingerprint(),
        "token_id": "2",
    }
    assert events(house, "credential refused") == []
    state = states(house)[0]
    assert (state.token_id, state.refused_at, state.warning) == ("2", None, None)
    assert state.accepted_at is not None
    assert state.expires is not None
    assert 88 <= (state.expires - datetime.now(UTC).date()).days <= 90


@pytest.mark.parametrize("number", [3, 12])
def test_without_a_next_key_the_connection_pauses_and_goes_on_when_one_is_set(
    make_house: MakeHouse, number: int
) -> None:
    """The key ends while the feed is read, and while outcomes are written back."""
    house = make_house(*bills(30), airbase="page_size: 5")
    after_requests(house, "airbase", "ledger_entries", number, lambda: house.sandbox.airbase.tokens.rotate(NEXT))
    told = ""
    try:
        result = house.run("bills")
        told = " ".join(result.warnings)
        assert "written back" in told
    except CredentialsError as error:
        told = str(error)
        assert "airbase" in told
        assert "credentials set airbase" in told
    assert not {"refused", "in_doubt"} & set(house.states("bills").values())
    with pytest.raises(CredentialsError, match="airbase"):
        house.run("bills")
    assert len(events(house, "credential refused")) == 1, "one alert, however many runs meet it"
    (warning,) = warnings(house)
    assert warning.what == "paused"
    assert "the connection is paused: run `ml-connector credentials set airbase api_key`" in warning.sentence
    refused = sum("ledger_entries" in path for path in house.wire.paths("airbase"))
    assert refused < 40, "a key that was refused is not sent again and again"

    open_vault(house.workspace()).set("airbase", "api_key", Secret(NEXT))
    house.run("bills")
    assert set(house.states("bills").values()) == {"entered"}
    assert len(house.invoices()) == 30
    assert {house.entry(entry)["status"] for entry in bills(30)} == {"sync_complete"}
    assert warnings(house) == ()


def test_a_next_key_that_is_refused_too_does_not_take_over(make_house: MakeHouse) -> None:
    house = make_house(*bills(2))
    open_vault(house.workspace()).set("airbase", "api_key", Secret("a-next-one-that-is-wrong"), upcoming=True)
    house.sandbox.airbase.tokens.rotate("another")
    for _ in range(3):  # the alert is raised by the first run and not repeated by the others
        with pytest.raises(CredentialsError, match="login was refused"):
            house.run("bills")
    (warning,) = warnings(house)
    assert warning.what == "paused"
    assert "and so is the next one" in warning.sentence
    vault = open_vault(house.workspace())
    assert vault.get("airbase", "api_key") == Secret(AIRBASE_TOKEN)
    assert vault.upcoming("airbase", "api_key") is not None
    (alert,) = events(house, "credential refused")
    assert alert["next_fingerprint"] == Secret("a-next-one-that-is-wrong").fingerprint()
