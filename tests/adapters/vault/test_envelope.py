"""The envelope around the credentials: keys of several kinds, changes of them, and files of the first format."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.vault import sealing
from engine.adapters.vault.key import parse_key
from engine.adapters.vault.providers import new_key_of
from engine.adapters.vault.vault import Vault, create_key
from engine.words.clock import ManualClock
from engine.words.errors import CredentialsError, InputError
from engine.words.secret import Secret

KEY, OTHER_KEY = base64.b64encode(bytes(range(32))).decode(), base64.b64encode(bytes(range(1, 33))).decode()
PHRASE = "correct horse battery"
ORIGINS = {"airbase": ("https://api.airbase.example",), "epicor": ("https://erp.example:8443",)}
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
STATE = ".ml-connector"


def opened(folder: Path, **environ: str) -> Vault:
    return Vault.open(
        folder,
        environ=environ or {"ML_CONNECTOR_KEY": KEY},
        origins=ORIGINS,
        clock=ManualClock(NOW),
        existing=[folder / "ledger"],
    )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = opened(tmp_path)
    made.set("airbase", "api_key", Secret("tok-1"), expires=date(2027, 1, 31))
    made.set("airbase", "api_key", Secret("tok-2"), upcoming=True)
    made.set("epicor", "password", Secret("pass-w"))
    return made


@pytest.fixture
def file(vault: Vault, tmp_path: Path) -> Path:
    return tmp_path / STATE / "credentials.json"


def change(file: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def flipped(text: str, position: int) -> str:
    content = bytearray(base64.b64decode(text))
    content[position % len(content)] ^= 1 << (position % 8)
    return base64.b64encode(content).decode()


def told(act: Callable[[], object]) -> str:
    with pytest.raises(CredentialsError) as caught:
        act()
    for hidden in ("tok-1", "tok-2", "pass-w", KEY, OTHER_KEY, PHRASE):
        assert hidden not in str(caught.value)
    return str(caught.value)


class TestTampering:
    def test_every_pair_of_entries_swapped(self, vault: Vault, file: Path, tmp_path: Path) -> None:
        whole = file.read_text()
        entries = json.loads(whole)["entries"]
        for one in range(len(entries)):
            for other in range(len(entries)):
                if one == other:
                    continue
                file.write_text(whole)
                change(
                    file,
                    lambda content, one=one, other=other: content["entries"][one].update(  # type: ignore[misc]
                        sealed=entries[other]["sealed"]
                    ),
                )
                name = entries[one]["field"].removesuffix("#next")
                trouble = vault.trouble(entries[one]["connection"], name, upcoming="#next" in entries[one]["field"])
                assert "was changed, or moved from another place" in trouble
                assert "ml-connector credentials set" in trouble

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("set_at", "2026-11-23T09:30:01Z"),
            ("expires", "2029-01-31"),
            ("expires", None),
            ("key_id", "00000000"),
            ("connection", "epicor"),
            ("field", "password2"),
        ],
    )
    def test_what_stands_beside_an_entry_is_bound_to_it(
        self, vault: Vault, file: Path, field: str, value: str | None
    ) -> None:
        def edit(content: dict[str, Any]) -> None:
            content["entries"][0][field] = value
            if field == "connection":
                content["entries"][0]["origin"] = "https://erp.example:8443"

        change(file, edit)
        entry = json.loads(file.read_text())["entries"][0]
        assert "was changed" in told(lambda: vault.get(entry["connection"], entry["field"]))

    def test_a_waiting_credential_is_not_taken_for_the_present_one(self, vault: Vault, file: Path) -> None:
        def edit(content: dict[str, Any]) -> None:
            content["entries"] = [
                {**one, "field": "api_key"} for one in content["entries"] if one["field"] == "api_key#next"
            ]

        change(file, edit)
        assert "was changed" in told(lambda: vault.get("airbase", "api_key"))

    @pytest.mark.parametrize("name", ["data_key", "audit_key"])
    @pytest.mark.parametrize("position", [0, 11, 12, 30, 50, 59])
    def test_a_wrapped_key_that_was_changed_is_damage_and_not_a_wrong_key(
        self, vault: Vault, file: Path, name: str, position: int, tmp_path: Path
    ) -> None:
        change(file, lambda content: content["locks"][0].update({name: flipped(content["locks"][0][name], position)}))
        assert "is damaged" in told(lambda: opened(tmp_path))
        assert "is damaged" in told(lambda: vault.set("airbase", "api_key", Secret("x")))

    @pytest.mark.parametrize(
        "edit",
        [{"key_id": "00000000"}, {"key_check": "00" * 32}, {"key_id": "00000000", "key_check": "00" * 32}],
    )
    def test_a_changed_key_id_is_damage_too(
        self, vault: Vault, file: Path, edit: dict[str, str], tmp_path: Path
    ) -> None:
        change(file, lambda content: content["locks"][0].update(edit))
        assert "is damaged" in told(lambda: opened(tmp_path))

    @pytest.mark.parametrize("edit", [{"workspace": "0" * 32}, {"data_key_id": "00000000"}, {"locks": []}])
    def test_a_changed_head_is_damage(self, vault: Vault, file: Path, edit: dict[str, Any], tmp_path: Path) -> None:
        change(file, lambda content: content.update(edit))
        assert "is damaged" in told(lambda: opened(tmp_path))

    def test_keys_of_another_workspace_do_not_open_here(self, vault: Vault, file: Path, tmp_path: Path) -> None:
        other = opened(tmp_path / "other")
        other.set("airbase", "api_key", Secret("x"))
        lock = json.loads((tmp_path / "other" / STATE / "credentials.json").read_text())["locks"]
        change(file, lambda content: content.update(locks=lock))
        assert "is damaged" in told(lambda: opened(tmp_path))

    def test_a_wrong_key_says_so_and_changes_nothing(self, vault: Vault, file: Path, tmp_path: Path) -> None:
        before = file.read_bytes()
        message = told(lambda: opened(tmp_path, ML_CONNECTOR_KEY=OTHER_KEY))
        assert "is not the key of" in message
        assert "damaged" not in message
        assert file.read_bytes() == before

    def test_an_unknown_way_to_keep_the_key_is_named(self, vault: Vault, file: Path, tmp_path: Path) -> None:
        change(file, lambda content: content["locks"][0].update(provider="cloud-kms"))
        assert "'cloud-kms'" in told(lambda: opened(tmp_path))


class TestRotation:
    def test_a_new_key_file(self, tmp_path: Path) -> None:
        path = create_key(tmp_path, environ={})
        none = {"NOTHING": ""}
        vault = opened(tmp_path, **none)
        vault.set("airbase", "api_key", Secret("tok-1"))
        audit, old = vault.audit_key, path.read_bytes()
        assert str(path) in vault.rotate_key(new_key_of(tmp_path / STATE, {}))
        assert path.read_bytes() != old
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert vault.get("airbase", "api_key") == Secret("tok-1"), "a run that goes on reads the new key"
        assert opened(tmp_path, **none).audit_key == audit, "the audit trail goes on with its own key"
        path.write_bytes(old)
        assert "is not the key of" in told(lambda: opened(tmp_path, **none))

    def test_a_key_in_the_environment_and_a_passphrase(self, vault: Vault, tmp_path: Path) -> None:
        audit = vault.audit_key
        environ = {"ML_CONNECTOR_KEY": KEY, "ML_CONNECTOR_NEW_KEY": OTHER_KEY}
        assert "ML_CONNECTOR_KEY" in vault.rotate_key(new_key_of(tmp_path / STATE, environ))
        assert "is not the key of" in told(lambda: opened(tmp_path))
        environ = {"ML_CONNECTOR_KEY": OTHER_KEY, "ML_CONNECTOR_NEW_PASSPHRASE": PHRASE}
        opened(tmp_path, ML_CONNECTOR_KEY=OTHER_KEY).rotate_key(new_key_of(tmp_path / STATE, environ))
        by_phrase = opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE)
        assert by_phrase.get("epicor", "password") == Secret("pass-w")
        assert by_phrase.audit_key == audit
        assert "passphrase" in told(lambda: opened(tmp_path, ML_CONNECTOR_KEY=OTHER_KEY))
        assert "passphrase is not the one" in told(lambda: opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE + "!"))

    def test_without_a_new_key_nothing_is_changed(self, vault: Vault, file: Path, tmp_path: Path) -> None:
        before = file.read_bytes()
        assert "ML_CONNECTOR_NEW_KEY" in told(lambda: new_key_of(tmp_path / STATE, {"ML_CONNECTOR_KEY": KEY}))
        assert file.read_bytes() == before

    def test_a_new_data_key_seals_everything_anew(self, vault: Vault, file: Path) -> None:
        before = json.loads(file.read_text())
        names = vault.names()
        assert vault.rotate_data() == 3
        after = json.loads(file.read_text())
        assert {one["sealed"] for one in before["entries"]}.isdisjoint(one["sealed"] for one in after["entries"])
        assert before["data_key_id"] != after["data_key_id"]
        assert vault.names() == names, "when a credential was set, and when it ends, stays"
        change(file, lambda content: content["entries"][0].update(before["entries"][0]))
        assert vault.trouble(before["entries"][0]["connection"], "api_key"), "an old copy does not open"


class TestPassphrase:
    def test_it_opens_what_it_was_made_with(self, tmp_path: Path) -> None:
        vault = opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE)
        audit = vault.audit_key
        vault.set("airbase", "api_key", Secret("tok-1"))
        again = opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE)
        assert again.get("airbase", "api_key") == Secret("tok-1")
        assert again.audit_key == audit
        lock = json.loads((tmp_path / STATE / "credentials.json").read_text())["locks"][0]
        assert lock["parameters"].keys() == {"salt", "passes", "lanes", "memory_kib"}
        assert lock["parameters"]["memory_kib"] >= 65536

    def test_a_lost_file_is_not_made_anew_beside_a_ledger(self, tmp_path: Path) -> None:
        opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE)
        (tmp_path / STATE / "credentials.json").unlink()
        (tmp_path / "ledger").touch()
        assert "put that file back" in told(lambda: opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE))
        assert not (tmp_path / STATE / "credentials.json").exists()

    def test_a_short_one_is_refused(self, tmp_path: Path) -> None:
        assert "too short" in told(lambda: opened(tmp_path, ML_CONNECTOR_PASSPHRASE="hunter2"))

    def test_changed_parameters_do_not_open(self, tmp_path: Path) -> None:
        opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE)
        file = tmp_path / STATE / "credentials.json"
        for edit in ({"salt": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"passes": 1}, {"salt": "x"}, {"lanes": 0}):
            before = file.read_text()
            change(file, lambda content, edit=edit: content["locks"][0]["parameters"].update(edit))  # type: ignore[misc]
            told(lambda: opened(tmp_path, ML_CONNECTOR_PASSPHRASE=PHRASE))
            file.write_text(before)


class TestNext:
    def test_it_takes_over_once(self, vault: Vault, tmp_path: Path) -> None:
        assert vault.upcoming("airbase", "api_key") == Secret("tok-2")
        assert not vault.take_over("airbase", "api_key", Secret("another"))
        assert vault.take_over("airbase", "api_key", Secret("tok-2"))
        assert not vault.take_over("airbase", "api_key", Secret("tok-2"))
        assert opened(tmp_path).get("airbase", "api_key") == Secret("tok-2")
        assert vault.upcoming("airbase", "api_key") is None

    def test_it_is_listed_and_removed_by_itself(self, vault: Vault) -> None:
        assert [(one.field, one.upcoming, one.expires) for one in vault.names()] == [
            ("api_key", False, date(2027, 1, 31)),
            ("api_key", True, None),
            ("password", False, None),
        ]
        vault.remove("airbase", "api_key", upcoming=True)
        with pytest.raises(InputError, match="has no next credential"):
            vault.remove("airbase", "api_key", upcoming=True)
        assert vault.get("airbase", "api_key") == Secret("tok-1")

    def test_it_is_bound_to_its_origin_too(self, vault: Vault, tmp_path: Path) -> None:
        elsewhere = Vault.open(
            tmp_path, environ={"ML_CONNECTOR_KEY": KEY}, origins={**ORIGINS, "airbase": ("https://evil.example",)}
        )
        assert "https://evil.example" in told(lambda: elsewhere.upcoming("airbase", "api_key"))


class TestFirstFormat:
    @pytest.fixture
    def old(self, tmp_path: Path) -> Path:
        """A file as the first version of the program wrote it."""
        key = parse_key(KEY, "test")
        entries = []
        for connection, field, text in (("airbase", "api_key", "tok-1"), ("epicor", "password", "pass-w")):
            where = sealing.first_place("w" * 32, connection, field, ORIGINS[connection][0], key.id)
            entries.append(
                {
                    "connection": connection,
                    "field": field,
                    "origin": ORIGINS[connection][0],
                    "set_at": NOW.isoformat(),
                    "key_id": key.id,
                    "sealed": sealing.seal(key.for_credentials, where, text.encode()),
                }
            )
        file = tmp_path / STATE / "credentials.json"
        file.parent.mkdir(mode=0o700)
        content = {"format": 1, "workspace": "w" * 32, "key_id": key.id, "key_check": key.check, "entries": entries}
        file.write_text(json.dumps(content))
        file.chmod(0o600)
        return file

    def test_it_opens_as_it_is(self, old: Path, tmp_path: Path) -> None:
        before = old.read_bytes()
        vault = opened(tmp_path)
        assert vault.get("airbase", "api_key") == Secret("tok-1")
        assert vault.audit_key == parse_key(KEY, "test").for_audit
        assert old.read_bytes() == before, "reading changes nothing"
        assert "is not the key of" in told(lambda: opened(tmp_path, ML_CONNECTOR_KEY=OTHER_KEY))

    def test_the_next_change_brings_it_into_the_present_format(self, old: Path, tmp_path: Path) -> None:
        change(old, lambda content: content["entries"][1].update(sealed=content["entries"][0]["sealed"]))
        vault = opened(tmp_path)
        audit = vault.audit_key
        vault.set("airbase", "second", Secret("x"))
        assert json.loads(old.read_text())["format"] == 2
        assert vault.get("airbase", "api_key") == Secret("tok-1")
        assert vault.names()[0].set_at == NOW
        assert "was changed" in told(lambda: vault.get("epicor", "password")), "what did not open still does not"
        assert vault.audit_key == audit


def test_a_missing_key_never_makes_a_new_one(vault: Vault, tmp_path: Path) -> None:
    for act in (
        lambda: opened(tmp_path, NOTHING=""),
        lambda: create_key(tmp_path, environ={}),
        lambda: create_key(tmp_path, environ={"ML_CONNECTOR_PASSPHRASE": PHRASE}),
    ):
        told(act)
    assert not (tmp_path / STATE / "key").exists()
    assert {path.name for path in (tmp_path / STATE).iterdir()} == {"credentials.json", "credentials.lock"}


def test_every_file_is_for_its_owner_only(vault: Vault, tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        vault.set("airbase", "api_key", Secret("x"))
        vault.rotate_data()
    finally:
        os.umask(previous)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / STATE).iterdir()} == {0o600}
