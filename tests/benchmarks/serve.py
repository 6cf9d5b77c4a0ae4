"""The two systems in a process of their own: `python -m tests.benchmarks.serve`, told what to do on a third port."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec

from tests.benchmarks.airbase_side import AirbaseSide
from tests.benchmarks.bills import COMPANY, VENDOR_NUM_FIRST, vendor_id, vendor_name
from tests.benchmarks.epicor_side import EpicorSide
from tests.benchmarks.http_site import Asked, Said, Site


class Control:
    """Sets the scene and tells what came: `POST /scene` with the scene as JSON, `GET /told`."""

    def __init__(self) -> None:
        self.airbase_site, self.epicor_site, self.site = Site(_nothing), Site(_nothing), Site(self._answer)
        self.airbase, self.epicor = AirbaseSide(0), EpicorSide()

    def _answer(self, asked: Asked) -> Said:
        if asked.path == "/scene":
            self._set(msgspec.json.decode(asked.body))
        elif asked.path == "/change":
            self._change(msgspec.json.decode(asked.body))
        return Said(msgspec.json.encode(self._told()))

    def _set(self, scene: dict[str, Any]) -> None:
        """Both systems anew."""
        self.airbase, self.epicor = AirbaseSide(scene.get("bills", 0), keeps=scene.get("keeps", False)), EpicorSide()
        self.airbase_site.answer, self.epicor_site.answer = self.airbase.answer, self.epicor.answer
        self._masters(scene.get("masters", 0), scene.get("changed", 0))
        self._change(scene)

    def _change(self, scene: dict[str, Any]) -> None:
        """Latency and faults from now on; the counts begin anew."""
        self.epicor_site.latency_s = scene.get("latency_s", 0.0)
        self.epicor.lose_every = scene.get("lose_every", 0)
        self.epicor.posted = scene.get("posted", False)
        self.epicor.first_at = self.epicor.last_at = 0.0
        self.airbase_site.asked, self.epicor_site.asked = {}, {}

    def _masters(self, count: int, changed: int) -> None:
        """Master data of Epicor, and of Airbase but for what `changed` since."""
        self.epicor.vendors = [
            {
                "Company": COMPANY,
                "VendorNum": VENDOR_NUM_FIRST + one,
                "VendorID": vendor_id(one),
                "Name": vendor_name(one),
                "Inactive": False,
                "GroupCode": "",
            }
            for one in range(count)
        ]
        self.epicor.chart = [
            {
                "Company": COMPANY,
                "COACode": "MAIN",
                "GLAccount1": f"{50_000 + one}|00",
                "SegValue1": str(50_000 + one),
                "SegValue2": "00",
                "AccountDesc": f"Account {50_000 + one}",
                "Active": True,
            }
            for one in range(count)
        ]
        old = lambda one: " (old)" if one < changed else ""  # noqa: E731
        self.airbase.have(
            "vendors",
            [
                {"airbase_id": f"v{one}", "name": vendor_name(one) + old(one), "erp_reference_id": vendor_id(one)}
                for one in range(count)
            ],
        )
        self.airbase.have(
            "accounts",
            [
                {
                    "airbase_id": f"a{one}",
                    "name": f"Account {50_000 + one}{old(one)}",
                    "erp_reference_id": str(50_000 + one),
                }
                for one in range(count)
            ],
        )

    def _told(self) -> dict[str, Any]:
        return {
            "entered": len(self.epicor.invoices),
            "again": self.epicor.again,
            "acknowledged": self.airbase.acknowledged,
            "upserted": self.airbase.upserted,
            "span_s": self.epicor.last_at - self.epicor.first_at,
            "asked_airbase": sum(self.airbase_site.asked.values()),
            "asked_epicor": sum(self.epicor_site.asked.values()),
            "paths": {path.rpartition("/")[2]: count for path, count in self.epicor_site.asked.items()},
        }


def _nothing(_: Asked) -> Said:
    return Said(b"{}", status=404)


async def _serve() -> None:
    control = Control()
    ports = [await site.open() for site in (control.airbase_site, control.epicor_site, control.site)]
    print(*ports, flush=True)
    # The one who started this holds its input open, and closes it when it is done or dies.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
