"""`alerts check --look` asks the systems first, and tells what it finds there."""

from __future__ import annotations

import json
from datetime import date

from tests.alerts.receivers import Receiver
from tests.commands.scene import typed
from tests.run.conftest import MakeHouse
from tests.run.house import bill


def test_exposure_and_the_control_report_are_looked_at(make_house: MakeHouse, receiver: Receiver) -> None:
    house = make_house(bill("B-1"))
    house.run("bills")
    house.write(
        "alerts.yaml",
        f"channels:\n  pager: {{kind: webhook, address: '{receiver.url}/x'}}\n"
        "rules:\n  - {on: exposure, tell: [pager]}\n  - {on: reconcile_out, tell: [pager]}\n",
    )
    result = typed("credentials", "set", "alerts.pager", "signing_secret", "-w", house.folder, stdin="secret-x")
    assert result.exit_code == 0, result.output
    result = typed("alerts", "check", "--format", "json", "-w", house.folder)
    assert json.loads(result.stdout) == {"standing": 0, "told": 0, "failed": {}}
    (invoice,) = house.invoices().values()
    house.sandbox.clerk.edit_header("EPIC06", invoice["VendorNum"], "B-1", PayHold=False, PMUID=2)
    house.sandbox.clerk.post_all_ap_groups("EPIC06")
    result = typed("alerts", "check", "--look", "-w", house.folder)
    assert result.exit_code == 1, result.output
    told = {one.json["rule"]: one.json for one in receiver.take()}
    assert told["exposure"]["title"] == "the target could pay 1 document of EPIC06 that the source pays"
    assert told["exposure"]["amounts"] == {"USD": "60.00"}
    assert len(house.sandbox.clerk.pay("EPIC06", date(2026, 12, 31))) == 1
    typed("alerts", "check", "-w", house.folder)
    listed = typed("alerts", "list", "-w", house.folder).output
    assert "the target could pay 1 document" in listed, "only a look at the target can say that it is over"
    typed("alerts", "check", "--look", "-w", house.folder)
    assert "the target could pay" not in typed("alerts", "list", "-w", house.folder).output
    everything = json.loads(typed("alerts", "list", "--all", "--format", "json", "-w", house.folder).stdout)
    assert [one["rule"] for one in everything if one["cleared_at"]][:1] == ["exposure"]
