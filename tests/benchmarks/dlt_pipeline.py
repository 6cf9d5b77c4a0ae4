"""dlt's pipeline of the benchmark, for the rivals' own environment: `python dlt_pipeline.py FEED TARGET WORKERS`."""

from __future__ import annotations

import sys
from typing import Any

import dlt
from dlt.sources.helpers import requests
from dlt.sources.rest_api import rest_api_source

FEED, TARGET, WORKERS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SAVE = f"{TARGET}/api/v2/odata/EPIC06/Erp.BO.APInvoiceSvc/UpdateMaster"


def document(row: dict[str, Any]) -> dict[str, Any]:
    """The document of a bill, as the other tools send it."""
    day = str(row["entry_date"])[:10]  # dlt reads times as times
    group = f"AB{day[2:].replace('-', '')}"
    lines = row["expense_list"]
    return {
        "cGroupID": group,
        "cTableName": "APInvHed",
        "runChkCPay": False,
        "runChkBankRef": False,
        "runChkRevChrg": False,
        "suppressUserPrompts": True,
        "ds": {
            "APInvHed": [
                {
                    "Company": row["subsidiary"]["erp_reference_id"],
                    "GroupID": group,
                    "VendorNumVendorID": row["vendor"]["erp_reference_id"],
                    "InvoiceNum": row["invoice_number"],
                    "InvoiceDate": day,
                    "ApplyDate": day,
                    "CurrencyCode": row["currency"]["iso_code"],
                    "ScrDocInvoiceVendorAmt": float(row["total_amount"]),
                    "RowMod": "A",
                }
            ],
            "APInvDtl": [
                {
                    "InvoiceNum": row["invoice_number"],
                    "InvoiceLine": line["line_number"],
                    "LineType": "M",
                    "Description": line["description"],
                    "ScrDocExtCost": float(line["amount"]),
                    "RowMod": "A",
                }
                for line in lines
            ],
            "APInvExp": [
                {
                    "InvoiceLine": line["line_number"],
                    "InvExpSeq": 1,
                    "DocScrExpAmt": float(line["amount"]),
                    "RowMod": "A",
                }
                for line in lines
            ],
            "APInvExpTGLC": [
                {
                    "InvoiceLine": line["line_number"],
                    "InvExpSeq": 1,
                    "GLAccount": f"{line['account']['erp_reference_id']}|{line['tags'][0]['erp_reference_id']}",
                    "RowMod": "A",
                }
                for line in lines
            ],
        },
    }


@dlt.destination(
    batch_size=1,
    name="epicor",
    loader_parallelism_strategy="parallel",
    max_parallel_load_jobs=WORKERS,
)
def epicor(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
    """One bill, one call."""
    del table
    for item in items:
        answer = requests.post(SAVE, json=document(item))
        answer.raise_for_status()


def source() -> Any:
    """The feed, read by page number, only what is new since the last run."""
    return rest_api_source(
        {
            "client": {
                "base_url": FEED,
                "paginator": {"type": "offset", "limit": 100, "total_path": None, "stop_after_empty_page": True},
            },
            "resources": [
                {
                    "name": "ledger_entries",
                    "primary_key": "airbase_id",
                    "endpoint": {
                        "path": "v1/accounting/ledger_entries/",
                        "data_selector": "data",
                        "incremental": {"cursor_path": "updated_at", "initial_value": "1970-01-01T00:00:00Z"},
                    },
                }
            ],
        }
    )


if __name__ == "__main__":
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination=epicor, dataset_name="bench", pipelines_dir="dlt-state"
    )
    pipeline.run(source())
