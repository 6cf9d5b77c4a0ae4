"""A process that only hears: `python -m tests.service.listening FOLDER` prints its URL and serves until it is killed.

Its queue takes nothing, as that of a service which is just stopping.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.service.scene import Lined, served

if __name__ == "__main__":
    with served(Path(sys.argv[1]), Lined(takes=False)) as service:
        print(service.url, flush=True)
        while True:
            time.sleep(60)
