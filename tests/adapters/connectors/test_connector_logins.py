"""Logging in, without a network and with one."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest
from playback import playing, reply
from subjects import PLANTED, START, SUBJECTS, Vault, rows_of, vault

from engine.adapters.connectors.auth import LoginRefused
from engine.adapters.connectors.logins import basic_login, client_login, key_login, password_login
from engine.domain.outcome import Proof
from engine.wire.request import Request, Response
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError, Unreachable
from engine.words.json_value import encode

EPICOR = SUBJECTS[1]


def headers_of(auth, *answers):
    """The headers, and the requests to the login server that were needed."""
    flow, asked, left = auth.headers(), [], list(answers)
    try:
        request = next(flow)
        while True:
            asked.append(dict(parse_qsl(request.body.decode())))
            request = flow.send(left.pop(0))
    except StopIteration as done:
        return done.value, asked


def token(text, **more):
    return Response(status=200, body=encode({"access_token": text, "expires_in": 3600, **more}))


def test_keys_and_users():
    assert headers_of(key_login(vault(), header="Authorization", field="api_key", scheme="Token"))[0] == {
        "Authorization": f"Token {PLANTED}"
    }
    made = headers_of(basic_login(Vault(username="ü", password="p:w")))[0]["Authorization"]
    assert base64.b64decode(made.removeprefix("Basic ")).decode() == "ü:p:w"


@pytest.mark.parametrize("bad", ["", " key", "key\n", "kéy"])
def test_a_key_that_cannot_be_sent_is_named_and_not_shown(bad):
    with pytest.raises(CredentialsError, match="'api_key'") as caught:
        headers_of(key_login(Vault(api_key=bad), header="X", field="api_key"))
    assert not bad or bad not in str(caught.value).replace("api_key", "")


def test_a_token_is_kept_until_five_minutes_before_its_end():
    clock = ManualClock(START)
    auth = client_login(vault(), clock, token_url="https://idp/token", scope="epicor_erp")
    first, asked = headers_of(auth, token("one"))
    assert first == {"Authorization": "Bearer one"}
    assert asked[0]["grant_type"] == "client_credentials"
    assert asked[0]["client_secret"] == f"{PLANTED}-cs"
    clock.sleep(3299)
    assert headers_of(auth) == (first, [])
    clock.sleep(1)
    assert headers_of(auth, token("two"))[0] == {"Authorization": "Bearer two"}
    assert "two" in auth.hidden()
    assert f"{PLANTED}-cs" in auth.hidden()


def test_a_secret_that_was_changed_is_used_for_the_next_token():
    clock, kept = ManualClock(START), vault()
    auth = client_login(kept, clock, token_url="https://idp/token", scope="epicor_erp")
    headers_of(auth, token("one"))
    kept.fields["client_secret"] = "another"
    clock.sleep(3600)
    assert headers_of(auth, token("two"))[1][0]["client_secret"] == "another"


def test_a_refresh_token_is_used_and_the_password_when_it_is_refused():
    clock = ManualClock(START)
    auth = password_login(vault(), clock, token_url="https://idp/token", scope="openid")
    headers_of(auth, token("one", refresh_token="r1"))
    clock.sleep(4000)
    _, asked = headers_of(auth, token("two", refresh_token="r2"))
    assert [one["grant_type"] for one in asked] == ["refresh_token"]
    clock.sleep(4000)
    made, asked = headers_of(auth, Response(status=400, body=b"{}"), token("three"))
    assert [one["grant_type"] for one in asked] == ["refresh_token", "password"]
    assert made == {"Authorization": "Bearer three"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Response(status=400, body=b'{"error": "invalid_grant"}'), LoginRefused),
        (Response(status=401, body=b""), LoginRefused),
        (Response(status=503, body=b"<html>"), Unreachable),
        (Response(status=200, body=b"<html>"), Unreachable),
        (Response(status=200, body=b'{"token": "x"}'), Unreachable),
        (Response(status=200, body=b"[]"), Unreachable),
    ],
)
def test_a_login_server_that_gives_no_token(answer, kind):
    auth = client_login(vault(), ManualClock(START), token_url="https://idp/token", scope="s")
    with pytest.raises(kind):
        headers_of(auth, answer)
    assert headers_of(auth, token("later"))[0] == {"Authorization": "Bearer later"}, "the lock was given back"


class Idp:
    """An Epicor whose tokens can be revoked, with its login server beside it."""

    def __init__(self) -> None:
        self.tokens = 0
        self.good = True
        self.revoked: set[str] = set()

    def __call__(self, asked):
        if asked.path in ("/connect/token", "/TokenResource.svc/"):
            if not self.good:
                return reply({"error": "invalid_client"}, 400)
            self.tokens += 1
            return reply({"AccessToken": f"tok-{self.tokens}", "ExpiresIn": 3600, "TokenType": "Bearer"})
        given = asked.headers["authorization"].removeprefix("Bearer ")
        if given in self.revoked:
            return reply({"HttpStatus": 401, "ReasonPhrase": "Unauthorized"}, 401)
        return EPICOR.serve(asked, rows_of("VendorID", 3))


@pytest.fixture
def idp():
    return Idp()


@pytest.fixture
def playback(idp):
    with playing(idp) as running:
        yield running


@pytest.fixture(params=["client_credentials", "app_server", "password"])
def connector(request, playback):
    made = EPICOR.connect(playback, login=request.param, token_url=f"{playback.url}/connect/token", in_flight=8)
    yield made
    made.close()


def test_a_revoked_token_is_renewed_once_and_the_write_made_once_more(idp, connector, playback):
    assert connector.call(EPICOR.write).proof is Proof.EFFECT
    idp.revoked.add("tok-1")
    assert connector.call(EPICOR.write).proof is Proof.EFFECT
    assert idp.tokens == 2
    assert [asked.headers.get("x-api-key") for asked in playback.asked if "odata" in asked.path] == [PLANTED] * 3


def test_a_second_401_is_an_answer_for_a_write_and_an_error_for_a_read(idp, connector):
    idp.revoked |= {f"tok-{number}" for number in range(9)}
    given = connector.call(EPICOR.write)
    assert (given.proof, given.passing, given.status) == (Proof.NO_EFFECT, True, 401)
    assert idp.tokens == 2
    with pytest.raises(CredentialsError):
        list(connector.read(EPICOR.feed, company="EPIC06"))


def test_many_callers_wait_for_one_token(idp, connector):
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: connector.call(EPICOR.write), range(16)))
    assert {one.proof for one in given} == {Proof.EFFECT}
    assert idp.tokens == 1


def test_a_refused_client_is_proof_that_nothing_was_sent(idp, connector):
    idp.good = False
    given = connector.call(EPICOR.write)
    assert (given.proof, given.passing) == (Proof.NOT_SENT, True)
    assert "invalid_client" in given.message
    with pytest.raises(CredentialsError, match="invalid_client"):
        list(connector.read(EPICOR.feed, company="EPIC06"))


def test_another_address_is_never_called(playback):
    with playing() as elsewhere:
        connector = EPICOR.connect(playback, login="basic")
        with pytest.raises(Unreachable, match="not the address of this connection"):
            connector._dialogue.body_of(Request.json("GET", f"{elsewhere.url}/x"))
        connector.close()
        assert elsewhere.asked == []
