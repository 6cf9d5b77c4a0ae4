"""A process that only hears: `python -m tests.service.listening FOLDER` prints its URL and serves until it is killed.

Its queue takes nothing, as that of a service which is just stopping.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.faces.service.face import HttpFace
from engine.wiring.current_workspace import CurrentWorkspace
from engine.wiring.logs import configure_logs
from engine.words.clock import SystemClock, random_id
from tests.service.scene import NAME, Lined

if __name__ == "__main__":
    configure_logs("json", "warning")
    clock = SystemClock()
    workspaces = {NAME: CurrentWorkspace(Path(sys.argv[1]), clock)}
    face = HttpFace(workspaces, Lined(takes=False), clock=clock, make_id=random_id)
    print(face.start(), flush=True)
    while True:
        time.sleep(60)
