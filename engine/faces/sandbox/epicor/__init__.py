"""A simulated Epicor Kinetic (REST version 2), faithful to what is publicly known of the real one.

Modelled: API keys, basic and bearer credentials (identity provider and token resource), access scopes,
licence seats; OData reads with the real limits (100 rows, no nextLink, a child set's filter applied to
its parent); AP invoice groups with locks; AP invoices and debit memos of miscellaneous and unreceived PO
lines, with control totals, tax regions, defaults from the vendor, GL controls and the empty account that
results when none resolves; GL journal groups and journals; fiscal periods and earliest apply dates;
posting of both into the general ledger with error logs; one payment run of the company's own; a clerk
who changes things by hand. Every call is atomic, bumps SysRevID and passes `on_commit`.

Not modelled: receipts and their matching beyond the list of uninvoiced ones, advances, jobs, assets,
prepayments, intercompany lines, several books, legal numbers, attachments, discounts, self-assessed tax,
realised currency gains, entry of payments over REST, BAQs, functions, `$batch`, ETags, UD columns, v1.
Columns not yet written read as empty and are left out of whole rows.

Where public sources are silent the stricter way was taken, and a comment at the place says so.
"""

from engine.faces.sandbox.epicor.auth import ApiKey, IdpClient, User
from engine.faces.sandbox.epicor.books import EpicorBooks
from engine.faces.sandbox.epicor.clerk import Clerk
from engine.faces.sandbox.epicor.errors import EpicorError
from engine.faces.sandbox.epicor.payment_run import Paid
from engine.faces.sandbox.epicor.system import EpicorSandbox

__all__ = ["ApiKey", "Clerk", "EpicorBooks", "EpicorError", "EpicorSandbox", "IdpClient", "Paid", "User"]
