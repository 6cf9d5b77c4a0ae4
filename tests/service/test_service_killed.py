"""The process is killed right after an answer: what was answered is in the inbox, and wakes its mappings later."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from engine.wire.webhook import sign
from engine.words.json_value import encode
from engine.words.secret import Secret
from tests.service.scene import NAME, RULE, SECRET, event, make_workspace, served
from tests.service.test_webhooks import until

SENDERS = 8


def sent_until_it_dies(url: str, process: subprocess.Popen[bytes], kill_after: int) -> set[str]:
    """Send events from several threads, kill the process in the midst of them; the ids that were answered."""
    answered: set[str] = set()
    lock = threading.Lock()

    def send() -> None:
        with httpx.Client(timeout=10) as client:
            while True:
                content = event()
                body = encode(content)
                headers = {"content-type": "application/json", **sign(RULE, body, Secret(SECRET), datetime.now(UTC))}
                try:
                    answer = client.post(f"{url}/webhooks/{NAME}/airbase", content=body, headers=headers)
                except httpx.TransportError:
                    return
                assert answer.status_code == 202
                with lock:
                    answered.add(content["id"])
                    if len(answered) == kill_after:
                        process.send_signal(signal.SIGKILL)

    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [pool.submit(send) for _ in range(SENDERS)]:
            done.result()
    return answered


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_that_was_answered_is_lost(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = tmp_path / NAME
    make_workspace(folder, ledger=request.getfixturevalue("postgres_url") if kind == "postgres" else "")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.listening", str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        answered = sent_until_it_dies(url, process, kill_after=200)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert len(answered) >= 200
    with served(folder) as after:
        until(lambda: not after.heard.inbox.waiting())
        assert answered <= {one.event_id for one in after.kept()}
        assert [job.subject for job in after.jobs.submitted] == ["bills"], "one run for all that waited"
        assert after.ledger.verify_trail() == ()
