"""The Epicor of the benchmark: look-ups, groups, and AP invoices that are saved whole and read back whole."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import unquote

import msgspec

from tests.benchmarks.bills import COMPANY, VENDOR_NUM_FIRST, accounts, vendor_id, vendor_name
from tests.benchmarks.http_site import Asked, Said

ROOT = f"/bench/api/v2/odata/{COMPANY}/"
_PAIR = re.compile(r"VendorNum eq (\d+)(?: and InvoiceNum eq '([^']*)')?|InvoiceNum eq '([^']*)'")
_TEXT = re.compile(r"(?:VendorID|GLAccount1|GroupID) eq '([^']*)'")
_encode = msgspec.json.encode

Key = tuple[int, str]


class _Save(msgspec.Struct):
    ds: msgspec.Raw


class _Tables(msgspec.Struct):
    APInvHed: list[dict[str, Any]]
    APInvExp: list[dict[str, Any]]
    APInvExpTGLC: list[dict[str, Any]]


class EpicorSide:
    """Keeps what it is sent. `lose_every` cuts the answer to every so-manieth invoice that was saved.

    It takes an invoice that it has already once more, and counts it: Epicor itself would refuse it, and many
    targets would not.
    """

    def __init__(self) -> None:
        self.lose_every = 0
        self.again = 0
        self.posted = False
        self.first_at = self.last_at = 0.0
        self.invoices: dict[Key, tuple[dict[str, Any], bytes, bytes]] = {}
        self.vendors: list[dict[str, object]] = []
        self.chart: list[dict[str, object]] = []
        self._of_vendor: dict[int, list[Key]] = {}
        self._of_number: dict[str, list[Key]] = {}
        self._groups: set[str] = set()

    def answer(self, asked: Asked) -> Said:
        """The answer to one request."""
        name = asked.path.removeprefix(ROOT)
        method = getattr(self, f"_{name.rpartition('/')[2].lower()}", None)
        if method is None:
            return Said(b'{"HttpStatus":404,"ErrorMessage":"no such address"}', status=404)
        said: Said = method(asked)
        return said

    def _updatemaster(self, asked: Asked) -> Said:
        raw = msgspec.json.decode(asked.body, type=_Save).ds
        ds = msgspec.json.decode(raw, type=_Tables)
        header = ds.APInvHed[0]
        number = header.get("VendorNum") or VENDOR_NUM_FIRST + int(header["VendorNumVendorID"][1:])
        key = (number, header["InvoiceNum"])
        now = time.monotonic()
        self.first_at, self.last_at = self.first_at or now, now
        if key in self.invoices:
            self.again += 1
        else:
            self._keep(key, header, ds)
        lost = bool(self.lose_every) and len(self.invoices) % self.lose_every == 0
        head = b'{"parameters":{"grpTotalInvAmt":0,"requiresUserInput":false,"opMessage":"","lUpdateRan":true,"ds":'
        return Said(head + bytes(raw) + b"}}", lost=lost)

    def _keep(self, key: Key, header: dict[str, Any], ds: _Tables) -> None:
        total = header["ScrDocInvoiceVendorAmt"]
        kept = {
            "Company": COMPANY,
            "VendorNum": key[0],
            "VendorNumVendorID": vendor_id(key[0] - VENDOR_NUM_FIRST),
            "InvoiceNum": key[1],
            "DocTaxAmt": 0,
            "DocInvoiceAmt": total,
            "InvoiceBal": total,
            **{
                name: header.get(name)
                for name in (
                    *("XRefInvoiceNum", "GroupID", "InvoiceDate", "ApplyDate", "CurrencyCode"),
                    *("PayHold", "PMUID", "GLControlCode", "Description"),
                )
            },
        }
        amounts = [{"InvoiceLine": row["InvoiceLine"], "DocExpAmt": row["DocScrExpAmt"]} for row in ds.APInvExp]
        coded = [
            {"InvoiceLine": row["InvoiceLine"], "RelatedToFile": "APInvExp", "GLAccount": row["GLAccount"]}
            for row in ds.APInvExpTGLC
        ]
        self.invoices[key] = kept, _encode(amounts), _encode(coded)
        self._of_vendor.setdefault(key[0], []).append(key)
        self._of_number.setdefault(key[1], []).append(key)

    def _getnewapinvhedinvoice(self, asked: Asked) -> Said:
        group = msgspec.json.decode(asked.body)["cGroupID"]
        row = {"Company": COMPANY, "VendorNum": 0, "InvoiceNum": "", "DebitMemo": False, "GroupID": group}
        row |= {"EntryPerson": "integration", "Posted": False, "SysRevID": 0, "RowMod": "A"}
        return Said(_encode({"parameters": {"ds": {"APInvHed": [row]}}}))

    def _getbyid(self, asked: Asked) -> Said:
        params = asked.params()
        found = self.invoices.get((int(params["vendorNum"]), params["invoiceNum"]))
        if found is None:
            return Said(b'{"HttpStatus":404,"ErrorMessage":"Record not found."}', status=404)
        header, amounts, coded = found
        tables = b'{"returnObj":{"APInvHed":[%b],"APInvExp":%b,"APInvExpTGLC":%b}}'
        return Said(tables % (_encode(self._shown(header)), amounts, coded))

    def _apinvoices(self, asked: Asked) -> Said:
        params = asked.params()
        keys: list[Key] = []
        for vendor, number, alone in _PAIR.findall(params.get("$filter", "")):
            if alone:
                keys += self._of_number.get(alone, [])
            else:
                keys += [(int(vendor), number)] if number else self._of_vendor.get(int(vendor), [])
        there = [key for key in keys if key in self.invoices]
        skip, top = int(params.get("$skip", "0")), int(params.get("$top", "100"))
        rows = [self._row(key, expanded="$expand" in params) for key in there[skip : skip + top]]
        return Said(b'{"value":[%b]}' % b",".join(rows))

    def _row(self, key: Key, *, expanded: bool) -> bytes:
        header, amounts, coded = self.invoices[key]
        row = _encode(self._shown(header))
        return row[:-1] + b',"APInvExps":%b,"APInvExpTGLCs":%b}' % (amounts, coded) if expanded else row

    def _shown(self, header: dict[str, Any]) -> dict[str, Any]:
        balance = 0 if self.posted else header["InvoiceBal"]
        return {**header, "Posted": self.posted, "OpenPayable": not self.posted, "InvoiceBal": balance}

    def _vendors(self, asked: Asked) -> Said:
        if "$filter" not in asked.params():
            return _some(self.vendors, asked)
        wanted = _TEXT.findall(asked.params()["$filter"])
        rows = [
            {
                "VendorNum": VENDOR_NUM_FIRST + int(one[1:]),
                "VendorID": one,
                "Name": vendor_name(int(one[1:])),
                "Inactive": False,
                "CurrencyCode": "USD",
                "PMUID": 1,
                "PayHold": False,
            }
            for one in wanted
        ]
        return Said(_encode({"value": rows}))

    def _glaccounts(self, asked: Asked) -> Said:
        if "$filter" not in asked.params():
            return _some(self.chart, asked)
        known = set(accounts())
        rows = [
            {"GLAccount1": one, "Active": True, "EffFrom": None, "EffTo": None}
            for one in _TEXT.findall(asked.params()["$filter"])
            if one in known
        ]
        return Said(_encode({"value": rows}))

    def _apinvgrps(self, asked: Asked) -> Said:
        names = _TEXT.findall(asked.params().get("$filter", ""))
        return Said(
            _encode({"value": [{"Company": COMPANY, "GroupID": one} for one in names if one in self._groups]})
        )

    def _getnewapinvgrpnolock(self, asked: Asked) -> Said:
        return Said(
            _encode({"parameters": {"ds": {"APInvGrp": [{"Company": COMPANY, "GroupID": "", "RowMod": "A"}]}}})
        )

    def _update(self, asked: Asked) -> Said:
        ds = msgspec.json.decode(asked.body)["ds"]
        self._groups.update(str(row["GroupID"]) for row in ds["APInvGrp"])
        return Said(_encode({"parameters": {"ds": ds}}))


def _some(rows: list[dict[str, object]], asked: Asked) -> Said:
    params = {name: unquote(value) for name, value in asked.params().items()}
    skip, top = int(params.get("$skip", "0")), int(params.get("$top", "100"))
    counted: dict[str, object] = {"@odata.count": len(rows)} if params.get("$count") == "true" else {}
    return Said(_encode({**counted, "value": rows[skip : skip + top]}))
