"""Long campaigns of the service, each under its own switch; see README, "How it was tried".

python -m tests.service_campaign --minutes 30 --workspaces 50 --workers 3 --kill-every 5
python -m tests.service_campaign --serve-minutes 30
python -m tests.service_campaign --throughput
python -m tests.service_campaign --burst 1000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.service_campaign import burst, many_companies, one_serve, throughput


def main() -> int:
    """Play what was asked for; 1 when there is a complaint."""
    parser = argparse.ArgumentParser(prog="python -m tests.service_campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, help="many companies, workers killed, for so long")
    parser.add_argument("--workspaces", type=int, default=50)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kill-every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--every", type=int, default=60, metavar="SECONDS", help="how often each company's bills run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve-minutes", type=float, help="one company's serve, records arriving, for so long")
    parser.add_argument("--throughput", action="store_true", help="bills a second with 1, 2 and 4 workers")
    parser.add_argument("--bills", type=int, default=40, help="for --throughput: bills of each company")
    parser.add_argument("--companies", type=int, default=8, help="for --throughput: companies")
    parser.add_argument("--burst", type=int, metavar="EVENTS", help="webhooks at once, and killed at the last answer")
    given = parser.parse_args()
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ml-service-") as name:
        folder = Path(name)
        if given.minutes:
            plan = many_companies.Plan(
                seconds=given.minutes * 60,
                workspaces=given.workspaces,
                workers=given.workers,
                kill_every_s=given.kill_every,
                every_s=given.every,
                seed=given.seed,
            )
            lines += many_companies.play(plan, folder / "many").lines()
        if given.serve_minutes:
            lines += one_serve.play(given.serve_minutes * 60, folder / "one", given.seed).lines()
        if given.throughput:
            lines += throughput.measure((1, 2, 4), given.companies, given.bills, folder / "throughput")
        if given.burst:
            lines += burst.play(given.burst, folder / "burst").lines()
    print("\n".join(lines))
    return 1 if any(line.startswith("COMPLAINT") for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
