"""The vault: sealed to one place, opened by one key, and the secret shown nowhere."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.vault.vault import Vault, create_key
from engine.words.clock import ManualClock
from engine.words.errors import ConnectorError, CredentialsError, InputError
from engine.words.secret import Secret

PLANTED = "planted-S3cret-92f1"
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
ORIGINS = {"airbase": ("https://api.airbase.example/v1/",), "epicor": ("https://erp.example:8443/kinetic",)}
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def environ_of(key: bytes) -> dict[str, str]:
    return {"ML_CONNECTOR_KEY": base64.b64encode(key).decode()}


def vault_in(folder: Path, *, key: bytes = KEY, origins: dict[str, str] | None = None) -> Vault:
    return Vault.open(
        folder,
        environ=environ_of(key),
        origins=ORIGINS if origins is None else origins,
        clock=ManualClock(NOW),
    )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    opened = vault_in(tmp_path)
    opened.set("airbase", "token", Secret(PLANTED))
    opened.set("epicor", "password", Secret("another-Secret"))
    return opened


@pytest.fixture
def file(vault: Vault, tmp_path: Path) -> Path:
    return tmp_path / ".ml-connector" / "credentials.json"


def change(file: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def refused(act: Callable[[], object], kind: type[ConnectorError] = CredentialsError) -> str:
    """The message of what is raised; the secret is nowhere in it, nor in its traceback."""
    with pytest.raises(kind) as caught:
        act()
    told = "".join(traceback.format_exception(caught.value))
    for hidden in (PLANTED, "another-Secret", base64.b64encode(KEY).decode(), KEY.hex()):
        assert hidden not in told
    return str(caught.value)


def test_a_credential_is_given_back_as_it_was_set(vault: Vault, tmp_path: Path) -> None:
    assert vault.get("airbase", "token").reveal() == PLANTED
    assert vault_in(tmp_path).get("epicor", "password") == Secret("another-Secret")
    vault.set("airbase", "token", Secret("ünïcode\nlines"))
    assert vault_in(tmp_path).get("airbase", "token").reveal() == "ünïcode\nlines"


def test_names_are_listed_without_secrets(vault: Vault) -> None:
    assert vault.names() == (
        ("airbase", "token", NOW, Secret(PLANTED).fingerprint(), None, False, True),
        ("epicor", "password", NOW, Secret("another-Secret").fingerprint(), None, False, True),
    )


def test_a_missing_credential_names_the_command(vault: Vault) -> None:
    told = refused(lambda: vault.get("airbase", "secret"))
    assert told == "airbase has no credential 'secret': run `ml-connector credentials set airbase secret`"


def test_a_removed_credential_is_gone(vault: Vault, file: Path) -> None:
    vault.remove("airbase", "token")
    refused(lambda: vault.get("airbase", "token"))
    assert [name.connection for name in vault.names()] == ["epicor"]
    assert "has no credential" in refused(lambda: vault.remove("airbase", "token"), InputError)
    assert '"airbase"' not in file.read_text()


def test_what_cannot_be_set_is_refused(vault: Vault) -> None:
    assert "there is no connection 'sap'" in refused(lambda: vault.set("sap", "token", Secret("x")), InputError)
    assert "is empty" in refused(lambda: vault.set("airbase", "token", Secret("")), InputError)
    assert "not a name" in refused(lambda: vault.set("airbase", "a|b", Secret("x")), InputError)
    assert vault.get("airbase", "token") == Secret(PLANTED)


def test_the_file_is_for_its_owner_only_and_shows_no_secret(vault: Vault, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for kept in file.parent.rglob("*"):
        content = kept.read_bytes()
        for text in (PLANTED, "another-Secret"):
            assert text.encode() not in content
            assert base64.b64encode(text.encode()) not in content
            assert Secret(text).fingerprint().encode() not in content, "a fingerprint helps to guess a password"
    assert {kept.name for kept in file.parent.iterdir()} == {"credentials.json", "credentials.lock"}


def test_nothing_prints_the_secret(vault: Vault) -> None:
    shown = f"{vault!r} {vault.names()!r} {vault.get('airbase', 'token')} {vars(vault)!r} {vault.names()[0]}"
    assert PLANTED not in shown
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown


def test_the_same_secret_is_never_sealed_alike(vault: Vault, file: Path) -> None:
    vault.set("airbase", "second", Secret(PLANTED))
    sealed = [entry["sealed"] for entry in json.loads(file.read_text())["entries"]]
    assert len(set(sealed)) == 3


def test_swapped_credentials_do_not_open(vault: Vault, file: Path) -> None:
    def swap(content: dict[str, Any]) -> None:
        first, second = content["entries"]
        first["sealed"], second["sealed"] = second["sealed"], first["sealed"]

    change(file, swap)
    told = refused(lambda: vault.get("airbase", "token"))
    assert "changed, or moved from another place" in told
    assert told.endswith("run `ml-connector credentials set airbase token`")
    assert [name.fingerprint for name in vault.names()] == ["", ""]


@pytest.mark.parametrize("key", ["connection", "field"])
def test_a_credential_moved_to_another_place_does_not_open(vault: Vault, file: Path, key: str) -> None:
    def move(content: dict[str, Any]) -> None:
        content["entries"] = [{**content["entries"][0], "origin": "https://erp.example:8443"}]
        content["entries"][0] |= {"connection": "epicor", "field": "token"}
        if key == "field":
            content["entries"][0] |= {"connection": "airbase", "origin": "https://api.airbase.example"}
            content["entries"][0]["field"] = "other"

    change(file, move)
    where = ("epicor", "token") if key == "connection" else ("airbase", "other")
    assert "moved from another place" in refused(lambda: vault.get(*where))


def test_a_connection_that_points_elsewhere_gets_no_credential(vault: Vault, file: Path, tmp_path: Path) -> None:
    moved = vault_in(tmp_path, origins={**ORIGINS, "airbase": ("https://evil.example",)})
    told = refused(lambda: moved.get("airbase", "token"))
    assert "was set for https://api.airbase.example, and the connection is now https://evil.example" in told
    change(file, lambda content: content["entries"][0].update(origin="https://evil.example"))
    assert "moved from another place" in refused(lambda: moved.get("airbase", "token"))


def test_another_path_or_spelling_of_the_same_origin_is_the_same(vault: Vault, tmp_path: Path) -> None:
    other = vault_in(
        tmp_path, origins={"airbase": ("https://API.airbase.example:443/v2",), "epicor": ORIGINS["epicor"]}
    )
    assert other.get("airbase", "token") == Secret(PLANTED)
    for origin in ("http://api.airbase.example", "https://api.airbase.example:444"):
        refused(lambda origin=origin: vault_in(tmp_path, origins={"airbase": (origin,)}).get("airbase", "token"))  # type: ignore[misc]


def test_a_credential_of_another_workspace_does_not_open(vault: Vault, file: Path, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other = vault_in(other_folder)
    other.set("airbase", "token", Secret("x"))
    entry = json.loads(file.read_text())["entries"][0]
    change(other_folder / ".ml-connector" / "credentials.json", lambda content: content.update(entries=[entry]))
    assert "moved from another place" in refused(lambda: other.get("airbase", "token"))


def test_every_flipped_bit_is_noticed(vault: Vault, file: Path) -> None:
    sealed = base64.b64decode(json.loads(file.read_text())["entries"][0]["sealed"])
    for position in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[position] ^= 1 << (position % 8)
        text = base64.b64encode(flipped).decode()
        change(file, lambda content, text=text: content["entries"][0].update(sealed=text))  # type: ignore[misc]
        assert "changed" in refused(lambda: vault.get("airbase", "token"))


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27, 28, -1])
def test_a_cut_credential_is_noticed(vault: Vault, file: Path, length: int) -> None:
    def cut(content: dict[str, Any]) -> None:
        sealed = base64.b64decode(content["entries"][0]["sealed"])[:length]
        content["entries"][0]["sealed"] = base64.b64encode(sealed).decode()

    change(file, cut)
    assert "changed" in refused(lambda: vault.get("airbase", "token"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe", b"null"])
def test_a_damaged_file_says_what_to_do(vault: Vault, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert "is damaged: restore it from a backup" in refused(lambda: vault.get("airbase", "token"))


def test_a_truncated_file_is_damaged_not_empty(vault: Vault, file: Path, tmp_path: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])
    assert "is damaged" in refused(lambda: vault_in(tmp_path))
    assert "is damaged" in refused(lambda: vault.set("airbase", "token", Secret("new")))


def test_a_file_of_a_newer_program_is_refused(vault: Vault, file: Path) -> None:
    change(file, lambda content: content.update(format=3))
    assert "newer program" in refused(lambda: vault.names())


def test_the_wrong_key_is_told_from_damage(vault: Vault, tmp_path: Path) -> None:
    told = refused(lambda: vault_in(tmp_path, key=OTHER_KEY))
    assert "is not the key of" in told
    assert "set ML_CONNECTOR_KEY" in told
    assert vault.get("airbase", "token") == Secret(PLANTED)


def test_the_audit_key_comes_from_the_vault_key_and_is_not_it(vault: Vault, tmp_path: Path) -> None:
    assert vault.audit_key == vault_in(tmp_path).audit_key
    assert len(vault.audit_key) == 32
    assert vault.audit_key != KEY
    assert vault.audit_key != vault_in(tmp_path / "other", key=OTHER_KEY).audit_key
    assert vault.audit_key not in (tmp_path / ".ml-connector" / "credentials.json").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.b64encode(KEY).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY).decode() + "\n",
    ],
)
def test_a_key_may_be_hex_or_base64(vault: Vault, tmp_path: Path, text: str) -> None:
    opened = Vault.open(tmp_path, environ={"ML_CONNECTOR_KEY": text}, origins=ORIGINS)
    assert opened.get("airbase", "token") == Secret(PLANTED)


@pytest.mark.parametrize("text", ["short", KEY.hex()[:-2], "é" * 32, base64.b64encode(KEY + b"x").decode(), "*" * 44])
def test_a_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    told = refused(lambda: Vault.open(tmp_path, environ={"ML_CONNECTOR_KEY": text}, origins=ORIGINS))
    assert (
        told == "the environment variable ML_CONNECTOR_KEY does not hold a key: it must be 32 bytes in base64 or hex"
    )


def test_without_a_key_nothing_opens(vault: Vault, tmp_path: Path) -> None:
    told = refused(lambda: Vault.open(tmp_path, environ={}, origins=ORIGINS))
    assert told.startswith("there is no key: set the environment variable ML_CONNECTOR_KEY")


def test_a_new_workspace_gets_a_key_file_for_its_owner_only(tmp_path: Path) -> None:
    path = create_key(tmp_path, environ={})
    assert path == tmp_path / ".ml-connector" / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    vault = Vault.open(tmp_path, environ={}, origins=ORIGINS)
    vault.set("airbase", "token", Secret(PLANTED))
    assert Vault.open(tmp_path, environ={}, origins=ORIGINS).get("airbase", "token") == Secret(PLANTED)


def test_the_key_file_may_stand_elsewhere(tmp_path: Path) -> None:
    environ = {"ML_CONNECTOR_KEY_FILE": str(tmp_path / "keys" / "mine")}
    assert create_key(tmp_path / "workspace", environ=environ) == tmp_path / "keys" / "mine"
    Vault.open(tmp_path / "workspace", environ=environ, origins=ORIGINS).set("airbase", "token", Secret("x"))


def test_a_key_is_never_made_over_what_is_there(vault: Vault, tmp_path: Path) -> None:
    assert "was made with a key" in refused(lambda: create_key(tmp_path, environ={}))
    assert not (tmp_path / ".ml-connector" / "key").exists()
    other = tmp_path / "other"
    first = create_key(other, environ={}).read_bytes()
    assert "is there already" in refused(lambda: create_key(other, environ={}))
    assert (other / ".ml-connector" / "key").read_bytes() == first
    ledger = tmp_path / "ledger.db"
    ledger.touch()
    assert "was made with a key" in refused(lambda: create_key(tmp_path / "n", environ={}, existing=[ledger]))
    assert "ML_CONNECTOR_KEY already" in refused(lambda: create_key(tmp_path / "n", environ=environ_of(KEY)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = create_key(tmp_path, environ={})
    path.chmod(mode)
    told = refused(lambda: Vault.open(tmp_path, environ={}, origins=ORIGINS))
    assert told == f"{path} is open to others: run `chmod 600 {path}`"


def test_a_credentials_file_that_others_may_read_is_refused(vault: Vault, file: Path) -> None:
    file.chmod(0o644)
    assert "chmod 600" in refused(lambda: vault.get("airbase", "token"))


@pytest.mark.parametrize("name", ["key", "credentials.json"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    create_key(tmp_path, environ={})
    vault = Vault.open(tmp_path, environ={}, origins=ORIGINS)
    vault.set("airbase", "token", Secret(PLANTED))
    path = tmp_path / ".ml-connector" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert "is a link" in refused(lambda: Vault.open(tmp_path, environ={}, origins=ORIGINS))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(create_key(tmp_path, environ={}), 65534, -1)
    assert "belongs to another user" in refused(lambda: Vault.open(tmp_path, environ={}, origins=ORIGINS))


def test_a_folder_in_place_of_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".ml-connector" / "key").mkdir(parents=True)
    assert "is not a file" in refused(lambda: Vault.open(tmp_path, environ={}, origins=ORIGINS))


def test_a_base_url_without_a_host_is_refused(tmp_path: Path) -> None:
    for url in ("erp.example", "https://", "https://erp.example:port"):
        told = refused(lambda url=url: vault_in(tmp_path, origins={"epicor": (url,)}), InputError)  # type: ignore[misc]
        assert told.startswith(f"'{url}' is not a URL")


def test_a_write_that_fails_leaves_the_old_file(vault: Vault, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    assert "cannot be written: No space left" in refused(lambda: vault.set("airbase", "token", Secret("new")))
    assert file.read_bytes() == before
    assert {kept.name for kept in file.parent.iterdir()} == {"credentials.json", "credentials.lock"}


def test_credentials_set_at_once_are_all_kept(vault: Vault, tmp_path: Path) -> None:
    def set_some(name: str) -> None:
        mine = vault_in(tmp_path)
        for number in range(5):
            mine.set("airbase", f"{name}-{number}", Secret(f"{name}{number}"))

    threads = [threading.Thread(target=set_some, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vault.names()) == 17
    assert vault.get("airbase", "c-4") == Secret("c4")
