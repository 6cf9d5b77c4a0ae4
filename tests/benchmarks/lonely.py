"""The scenarios that ml-connector plays alone: memory, a run with nothing new, master data, and starting up."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks import ours
from tests.benchmarks.contest import Failed
from tests.benchmarks.figures import Results, medians
from tests.benchmarks.process import Cost, run
from tests.benchmarks.systems import FEED, Systems

LEDGER = Path(".ml-connector") / "ledger.sqlite3"


def _run(folder: Path, *words: str) -> Cost:
    cost = run(ours.command(*words), folder=folder)
    if cost.ended not in (0, 1):
        raise Failed(f"{' '.join(words)} ended with {cost.ended}:\n{cost.said[-3000:]}")
    return cost


def memory(results: Results, systems: Systems, *, few: int, many: int, repeats: int) -> None:
    """First runs of few and of many bills, in pairs: memory, time per record, the size of the ledger."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
        ours.prepare(Path(name), systems)
        systems.scene(bills=0)
        empty = _run(Path(name), "run", "bills")
    pairs = [(_first_run(systems, few, empty), _first_run(systems, many, empty)) for _ in range(repeats)]
    small, large = (medians(found) for found in zip(*pairs, strict=True))
    for bills, found in ((few, small), (many, large)):
        results.add(f"memory, {bills:,} bills", ours.NAME, **found)
        results.at_most(f"{bills:,} bills: ledger at most 8 KB per record", found["ledger KB per record"], 8)
    results.at_most(f"{many:,} bills: at most 40 MB above an empty run", large["MB above empty"], 40)
    results.at_most(
        f"{few:,} to {many:,} bills: peak memory flat within 15%", 100 * (large["peak MB"] / small["peak MB"] - 1), 15
    )
    longer = median(more["ms per record"] / less["ms per record"] for less, more in pairs)
    results.at_most("time per record constant within 10%, by pairs", 100 * (longer - 1), 10)


def _first_run(systems: Systems, bills: int, empty: Cost) -> dict[str, float]:
    """The figures of a run that enters all bills, less what an empty run takes."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
        folder = Path(name)
        ours.prepare(folder, systems)
        systems.scene(bills=bills)
        cost = _run(folder, "run", "bills")
        told = systems.told()
        if told["entered"] != bills:
            raise Failed(f"{told['entered']} of {bills} bills were entered:\n{cost.said[-3000:]}")
        kept_kb = sum(path.stat().st_size for path in folder.glob(f"{LEDGER}*")) / 1024
    return {
        "peak MB": cost.peak_mb,
        "MB above empty": cost.peak_mb - empty.peak_mb,
        "ms per record": 1000 * (cost.wall_s - empty.wall_s) / bills,
        "CPU ms per record": 1000 * (cost.cpu_s - empty.cpu_s) / bills,
        "ledger KB per record": kept_kb / bills,
    }


def nothing_new(results: Results, systems: Systems, *, bills: int, repeats: int) -> None:
    """A run over settled bills that still stand in the feed: reads, and sends nothing."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
        folder = Path(name)
        ours.prepare(folder, systems)
        systems.scene(bills=bills, keeps=True)
        _run(folder, "run", "bills")
        systems.change(posted=True)
        _run(folder, "sweep", "bills")
        _run(folder, "run", "bills")  # takes in that the feed says sync_complete now
        ran, bare, cpu = [], [], []
        for _ in range(repeats):
            systems.change(posted=True)
            cost = _run(folder, "run", "bills")
            told = systems.told()
            ran.append(cost.wall_s)
            cpu.append(cost.cpu_s)
            bare.append(_bare_read(systems))
        again, asked = told["again"] + told["entered"] - bills, told["asked_epicor"]
    wall, read = median(ran), median(bare)
    results.add(
        f"nothing new, {bills:,} settled",
        ours.NAME,
        **{"s": wall, "CPU s": median(cpu), "bare read s": read, "sends": again, "target reads": asked},
    )
    results.at_most("nothing new: no sends", again, 0)
    results.at_most("nothing new: target reads, whatever the number of records", asked, 10)
    results.at_most(f"nothing new: at most 1.5 bare reads + 1 s ({1.5 * read + 1:.2f} s)", wall, 1.5 * read + 1)


def _bare_read(systems: Systems) -> float:
    """The same pages by httpx and nothing else, in a process of its own, as every run is."""
    script = (
        "import httpx, sys\n"
        "page, rows = 1, True\n"
        "with httpx.Client() as client:\n"
        "    while rows:\n"
        "        answer = client.get(sys.argv[1], params={'page': page, 'page_size': 100})\n"
        "        rows, page = answer.json()['data'], page + 1\n"
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", script, f"{systems.airbase_url}{FEED}"], check=True)
    return time.monotonic() - began


def master_data(results: Results, systems: Systems, *, rows: int, changed: int, repeats: int) -> None:
    """Vendors and accounts compared, and those that changed upserted; then a run that changes nothing."""
    for mapping in ("vendors", "gl-accounts"):
        first, second, sent, quiet = [], [], 0, 0
        for _ in range(repeats):
            with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
                folder = Path(name)
                ours.prepare(folder, systems)
                systems.scene(masters=rows, changed=changed)
                first.append(_run(folder, "run", mapping).wall_s)
                sent = systems.told()["upserted"]
                second.append(_run(folder, "run", mapping).wall_s)
                quiet = systems.told()["upserted"] - sent
        results.add(
            f"{rows:,} {mapping}, {changed} changed",
            ours.NAME,
            **{"s": median(first), "upserted": sent, "s again": median(second), "upserted again": quiet},
        )
        results.at_most(f"{rows:,} {mapping} compared, {changed} upserted: at most 6 s", median(first), 6)
        results.at_most(f"{mapping}: only what changed is written", sent, changed)
        results.at_most(f"{mapping}: no write when nothing changed", quiet, 0)


def starting(results: Results, systems: Systems, *, repeats: int) -> None:
    """`--version` beside the import of click alone, and `validate` of 20 mappings."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as name:
        folder = Path(name)
        ours.prepare(folder, systems)
        _grow(folder / "mappings", 20)
        click, version, validate = [], [], []
        for _ in range(repeats):
            click.append(run([sys.executable, "-c", "import click"], folder=folder).wall_s)
            version.append(_run(folder, "--version").wall_s)
            validate.append(_run(folder, "validate").wall_s)
    limit = 1.5 * median(click) + 0.1
    results.add(
        "starting",
        ours.NAME,
        **{"--version s": median(version), "import click s": median(click), "validate 20 s": median(validate)},
    )
    results.at_most(f"--version: at most 1.5 imports of click + 0.1 s ({limit:.2f} s)", median(version), limit)
    results.at_most("validate of 20 mappings: at most 1 s", median(validate), 1)


def _grow(mappings: Path, count: int) -> None:
    """More mappings, copies of bills that take other types."""
    text = (mappings / "bills.yaml").read_text(encoding="utf-8")
    for number in range(count - len(list(mappings.glob("*.yaml")))):
        copy = text.replace("name: bills\n", f"name: bills-{number}\n").replace("[bill]", f"[bill_{number}]")
        copy = copy.partition("\ntests:")[0]
        (mappings / f"bills-{number}.yaml").write_text(f"{copy}\n", encoding="utf-8")


def server_reach(systems: Systems) -> str:
    """What the two servers themselves can answer, so that they are seen not to be the limit."""
    systems.scene(bills=5_000)
    pages = systems.reach(systems.airbase_port, "GET", f"{FEED}?page=3&page_size=100", None, count=400, at_once=4)
    body = json.dumps(_document()).encode()
    path = "/bench/api/v2/odata/EPIC06/Erp.BO.APInvoiceSvc/UpdateMaster"
    saves = systems.reach(systems.epicor_port, "POST", path, body, count=8_000, at_once=8)
    return (
        f"the servers answer a plain client {100 * pages:,.0f} bills a second from the feed, "
        f"and {saves:,.0f} saved invoices a second"
    )


def _document() -> dict[str, object]:
    line: dict[str, object] = {"InvoiceLine": 1, "DocScrExpAmt": 1, "GLAccount": "6100|10"}
    header: dict[str, object] = {"VendorNum": 1000, "InvoiceNum": "R-1", "ScrDocInvoiceVendorAmt": 3}
    ds = {"APInvHed": [header], "APInvDtl": [line] * 3, "APInvExp": [line] * 3, "APInvExpTGLC": [line] * 3}
    return {"cGroupID": "AB261001", "ds": ds}
