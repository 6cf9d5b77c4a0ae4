"""Error bodies become one plain sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.wire.masking import MASK, mask_headers, mask_text, mask_value, may_hold_secrets
from engine.wire.request import Response
from engine.wire.wording import not_json_sentence, word_error


def worded(body, status=400):
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return word_error(Response(status=status, body=raw))


EPICOR = {
    "HttpStatus": 400,
    "ReasonPhrase": "REST API Exception",
    "ErrorMessage": "Vendor is inactive.",
    "ErrorType": "Ice.Common.BusinessObjectException",
    "ErrorDetails": [
        {"Message": "Vendor is inactive.", "Type": "Error", "Table": "APInvHed", "Field": "VendorNum"},
        {"Message": "The date is closed.", "Type": "Error", "Table": "APInvHed"},
    ],
    "CorrelationId": "c-1",
}


XML = (
    "<ApiExceptionResponse><HttpStatus>Unauthorized</HttpStatus>"
    "<ErrorMessage>Invalid &amp; old.</ErrorMessage>"
    "<ErrorType>System.UnauthorizedAccessException</ErrorType></ApiExceptionResponse>"
)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (EPICOR, "Vendor is inactive. (APInvHed.VendorNum) The date is closed. (APInvHed)"),
        ({"HttpStatus": 401, "ReasonPhrase": "Unauthorized"}, "Unauthorized"),
        ({"error": {"code": "x", "message": "bad filter", "innererror": {"type": "ODataException"}}}, "bad filter"),
        ({"odata.error": {"code": "", "message": {"lang": "en", "value": "old bad filter"}}}, "old bad filter"),
        ({"error": "invalid_grant", "error_description": "wrong user"}, "invalid_grant: wrong user"),
        ({"detail": "Not found."}, "Not found."),
        (
            {"name": ["This field is required."], "lines": [{}, {"amount": ["too big"]}]},
            "name: This field is required.; lines amount: too big",
        ),
        ({"validation_errors": [{"index": 3, "name": ["too long"]}]}, "entity 3 name: too long"),
        (["one", "two"], "one; two"),
        (
            XML,
            "Invalid & old.",
        ),
    ],
)
def test_the_systems_own_bodies(body, sentence):
    found = worded(body)
    assert (found.sentence, found.own) == (sentence, True)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ("", 502, "bad gateway (empty answer)"),
        (
            "<html><head><title>504 Gateway\n Time-out</title>",
            504,
            "gateway time-out (a web page titled “504 Gateway Time-out”)",
        ),
        ("<!DOCTYPE html><script>alert(1)</script>", 500, "internal error (a web page)"),
        ('{"detail": "cut', 400, "bad request (JSON that breaks off or is damaged)"),
        ("upstream \x1b[31mdown\x07", 503, "upstream [31mdown"),
        ("{}", 400, "bad request"),
        ("null", 418, "status 418"),
    ],
)
def test_what_is_not_the_systems_own(body, status, sentence):
    found = worded(body, status)
    assert (found.sentence, found.own) == (sentence, False)


def test_a_cut_xml_body_is_no_proof():
    assert not worded("<ApiExceptionResponse><ErrorMessage>Invalid</ErrorMes").own


def test_types_and_correlation_are_kept():
    found = worded(EPICOR)
    assert (found.error_type, found.correlation) == ("Ice.Common.BusinessObjectException", "c-1")


def test_sentences_are_bounded_and_one_line():
    found = worded({"detail": "x\n" * 5000})
    assert len(found.sentence) < 700
    assert "\n" not in found.sentence


def test_an_error_never_quotes_a_secret_key():
    assert "t0k" not in worded({"access_token": "t0k", "detail": "no"}).sentence


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"", "an empty body"), (b"<html>", "a web page"), (b"[1,", "breaks off"), (b"hello", "hello")],
)
def test_what_came_instead_of_json(body, words):
    assert words in not_json_sentence(Response(status=200, body=body))


def test_masking_takes_secrets_and_leaves_business_alone():
    value = {"Password": "p", "api-key": "k", "Key1": "231", "lines": [{"note": "key k3y!"}], "client_secret": None}
    masked = mask_value(value, ("k3y!", "k3y"))
    assert masked == {
        "Password": MASK,
        "api-key": MASK,
        "Key1": "231",
        "lines": [{"note": f"key {MASK}"}],
        "client_secret": None,
    }
    assert mask_headers({"set-cookie": "s", "x-request-id": "r", "authorization": "a"}) == {"x-request-id": "r"}
    assert mask_text("a longsecret", ("long", "longsecret")) == f"a {MASK}"


def test_a_body_that_needs_no_masking_is_known_by_its_bytes() -> None:
    for body, hidden in (
        (b'{"note": "see s3cret-value"}', ("s3cret-value",)),
        (b'{"accessToken": "x"}', ()),
        (b'{"X-API-Key": "x"}', ()),
        (b'{"Set-Cookie": "x", "client_secret": 1}', ()),
        (b'{"link": "https://files.example.test/r/1?sig=abc"}', ()),
        (b'{"text": "a\\u0062c"}', ("abc",)),
        ('{"pa\u017f\u017fword": "x"}'.encode(), ()),  # the long s is an s, in another case
    ):
        assert may_hold_secrets(body, hidden)
    for body in (
        b'{"link": "https://files.example.test:8443/r/1", "name": "Ada"}',
        b'{"a": "b=c", "d": "e://f", "g": "?"}',
    ):
        assert not may_hold_secrets(body, ("s3cret-value",))


_PIECES = (
    *'?#@&=:/ <>;,Zé\t\\"',
    *("://", "//", "http", "HTTPS", "host.example", "8080", "pass", "s3cret", "x-goog-a"),
    *("?sig=", "&SIG=", "?x-amz-", "&X-Goog-Sign=", "?signature=", "&access_token="),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
@settings(max_examples=3000, deadline=None)
def test_what_masking_would_change_is_never_taken_for_clean(text: str) -> None:
    value, hidden = {"text": text}, ("s3cret",)
    if mask_value(value, hidden) != value:
        assert may_hold_secrets(json.dumps(value, ensure_ascii=False).encode(), hidden)
