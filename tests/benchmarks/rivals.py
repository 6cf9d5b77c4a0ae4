"""The tools beside this one, each as its documentation advises for one call for each record."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.ours import IN_FLIGHT
from tests.benchmarks.systems import FEED, Systems

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"

_DRT_PROJECT = "name: bench\nversion: '0.1'\nprofile: airbase\n"
_DRT_PROFILE = """\
airbase:
  type: rest_api
  url: "{url}"
  pagination: {{type: offset, limit: 100, max_pages: 1000000}}
  result_path: data
"""
# 429, 5xx and broken connections are tried again by its default; its default pace of 10 requests a second is lifted.
_DRT_SYNC = """\
name: bills
model: ref('ledger_entries')
destination:
  type: rest_api
  url: "{url}"
  method: POST
  headers: {{Content-Type: application/json}}
  body_template: |
{template}
sync:
  mode: incremental
  cursor_field: updated_at
  batch_size: 100
  rate_limit: {{requests_per_second: 0}}
  on_error: skip
"""
_DRT_TEMPLATE = """\
{% set group = 'AB' ~ row.entry_date[2:4] ~ row.entry_date[5:7] ~ row.entry_date[8:10] %}
{"cGroupID": "{{ group }}", "cTableName": "APInvHed", "runChkCPay": false, "runChkBankRef": false,
 "runChkRevChrg": false, "suppressUserPrompts": true, "ds": {
 "APInvHed": [{"Company": "{{ row.subsidiary.erp_reference_id }}", "GroupID": "{{ group }}",
  "VendorNumVendorID": "{{ row.vendor.erp_reference_id }}", "InvoiceNum": "{{ row.invoice_number }}",
  "InvoiceDate": "{{ row.entry_date[:10] }}", "ApplyDate": "{{ row.entry_date[:10] }}",
  "CurrencyCode": "{{ row.currency.iso_code }}", "ScrDocInvoiceVendorAmt": {{ row.total_amount }}, "RowMod": "A"}],
 "APInvDtl": [{% for line in row.expense_list %}{"InvoiceNum": "{{ row.invoice_number }}",
  "InvoiceLine": {{ line.line_number }}, "LineType": "M", "Description": "{{ line.description }}",
  "ScrDocExtCost": {{ line.amount }}, "RowMod": "A"}{{ "," if not loop.last }}{% endfor %}],
 "APInvExp": [{% for line in row.expense_list %}{"InvoiceLine": {{ line.line_number }}, "InvExpSeq": 1,
  "DocScrExpAmt": {{ line.amount }}, "RowMod": "A"}{{ "," if not loop.last }}{% endfor %}],
 "APInvExpTGLC": [{% for line in row.expense_list %}{"InvoiceLine": {{ line.line_number }}, "InvExpSeq": 1,
  "GLAccount": "{{ line.account.erp_reference_id }}|{{ line.tags[0].erp_reference_id }}",
  "RowMod": "A"}{{ "," if not loop.last }}{% endfor %}]}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A tool: `keeps` says what it writes down, and when. `tuned` is dlt with its load split over many files."""

    name: str
    keeps: str
    tuned: bool = False


DRT = Rival(
    name="drt", keeps="a watermark at the end of the run; failed records only where its dead letter queue is on"
)
DLT = Rival(name="dlt", keeps="the extracted load package, and each finished job file of it; sends are retried")
DLT_TUNED = Rival(
    name="dlt (16 files)",
    keeps="as dlt; the load is split into job files by hand, so that 16 of them load at once",
    tuned=True,
)
RIVALS = (DRT, DLT, DLT_TUNED)


def environment(folder: Path) -> Path:
    """The rivals' own virtual environment, made on first use from the pinned list; gives its `bin`."""
    made = folder / "rivals" / "bin"
    mark = folder / "rivals" / "made-from.lock"
    if mark.exists() and mark.read_bytes() == LOCK.read_bytes():
        return made
    shutil.rmtree(folder / "rivals", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "rivals")], check=True)
    pip = [str(made / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    subprocess.run(pip, check=True)
    shutil.copy(LOCK, mark)
    return made


def prepare(rival: Rival, folder: Path, systems: Systems) -> None:
    """The tool's project, wired to the benchmark's systems."""
    if rival is not DRT:
        return
    (folder / "home" / ".drt").mkdir(parents=True)
    (folder / "syncs").mkdir()
    (folder / "drt_project.yml").write_text(_DRT_PROJECT, encoding="utf-8")
    profile = _DRT_PROFILE.format(url=f"{systems.airbase_url}{FEED}")
    (folder / "home" / ".drt" / "profiles.yml").write_text(profile, encoding="utf-8")
    template = "".join(f"    {line}\n" for line in _DRT_TEMPLATE.splitlines())
    url = f"{systems.epicor_url}/api/v2/odata/EPIC06/Erp.BO.APInvoiceSvc/UpdateMaster"
    (folder / "syncs" / "bills.yml").write_text(_DRT_SYNC.format(url=url, template=template), encoding="utf-8")


def command(rival: Rival, place: Path, systems: Systems) -> list[str]:
    """The command line that runs the tool once."""
    if rival is DRT:
        return [str(place / "drt"), "run"]
    workers = str(IN_FLIGHT)
    script = str(HERE / "dlt_pipeline.py")
    return [str(place / "python"), script, systems.airbase_url, systems.epicor_url, workers]


def variables(rival: Rival, folder: Path, *, bills: int) -> Mapping[str, str]:
    """The environment variables of a run; none of the tools may call home."""
    usual = {
        "HOME": str(folder / "home"),
        "DRT_TELEMETRY_DISABLED": "1",
        "DO_NOT_TRACK": "1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "WARNING",
        "LOAD__WORKERS": str(IN_FLIGHT),
    }
    if not rival.tuned:
        return usual
    return {**usual, "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(max(1, bills // (4 * IN_FLIGHT)))}
