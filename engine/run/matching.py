"""Looking a document up at the target by its dedupe key, and comparing what is there with what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from engine.adapters.connectors.answers import BadAnswer
from engine.adapters.connectors.port import Call, Connector, Lookup, Match, Row
from engine.domain.outcome import Proof
from engine.language.spec.call_model import CallSpec
from engine.language.spec.model import FindSpec, KeptSpec, MappingSpec
from engine.language.transform.render import RenderError
from engine.language.transform.select import SelectError, Selector
from engine.plan.decision import Document
from engine.words.json_value import shown
from engine.words.money import amount_of, show_money

NOT_KNOWN = frozenset({400, 404, 501})
"""What a system answers that cannot give child sets inside rows: then each document is read by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document at the target: whether it bears our stamp, what differs from what we ask, and its name.

    `by` is the look-up that found it. `in_gl` and `settled` say how far it has come, `moved` that it stands in
    another group than it was entered into.
    """

    reference: str
    bears: bool
    differences: tuple[str, ...]
    by: FindSpec
    in_gl: bool = False
    settled: bool = False
    moved: str = ""

    @property
    def equal(self) -> bool:
        """Whether it says just what we ask."""
        return not self.differences

    @property
    def ours(self) -> bool:
        """Whether it may be adopted: it bears our stamp, or its content is equal and it bears nobody else's."""
        return self.bears or self.equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Other matches that are wanted of the set that documents are looked up in, by company, with these fields.

    They go into the same question; `rows` is what it brought of them.
    """

    set: str
    matches: Mapping[str | None, Sequence[Match]]
    fields: tuple[str, ...]
    rows: dict[tuple[str | None, Match], tuple[Row, ...]] = field(default_factory=dict)


def find_documents(
    connector: Connector, spec: MappingSpec, documents: Sequence[Document], beside: Beside | None = None
) -> dict[str, Found]:
    """What the target has for each document, by claim text; absent where nothing was found.

    Raises:
        Unreachable: the target cannot be asked.
    """
    found: dict[str, Found] = {}
    for find in spec.dedupe.find if spec.dedupe else ():
        by_company: dict[str | None, list[Document]] = {}
        for document in documents:
            if document.claim_text not in found:
                by_company.setdefault(document.company, []).append(document)
        for company, asked in by_company.items():
            found |= _find(connector, find, company, asked, beside if beside and beside.set == find.set else None)
    return found


def _find(
    connector: Connector,
    find: FindSpec,
    company: str | None,
    documents: Sequence[Document],
    beside: Beside | None,
) -> dict[str, Found]:
    matches = {
        document.claim_text: tuple((name, template.render(document.scope)) for name, template in find.match)
        for document in documents
    }
    more = tuple(beside.matches.get(company, ())) if beside else ()
    fields = beside.fields if beside and more else ()
    rows = _rows(connector, find, company, tuple(dict.fromkeys((*matches.values(), *more))), fields)
    if beside:
        beside.rows.update({(company, match): rows[match] for match in more})
    found = {}
    for document in documents:
        there = rows[matches[document.claim_text]]
        if there:
            found[document.claim_text] = _compare(connector, find, document, there)
    return found


def _rows(
    connector: Connector, find: FindSpec, company: str | None, matches: Sequence[Match], fields: tuple[str, ...]
) -> Mapping[Match, tuple[Row, ...]]:
    """What the target has, with all that belongs to it where many can be read together; `fields` at least."""
    if find.read is None:
        return connector.find(Lookup(set=find.set, matches=matches, company=company))
    if find.together is not None:
        inside = tuple(name for _, name in find.together.tables)
        try:
            return connector.find(Lookup(set=find.set, matches=matches, expand=inside, company=company))
        except BadAnswer as error:
            if error.status not in NOT_KNOWN:
                raise
    named = dict.fromkeys((*(name for name, _ in find.match), *fields))
    return connector.find(Lookup(set=find.set, matches=matches, fields=tuple(named), company=company))


def _compare(connector: Connector, find: FindSpec, document: Document, rows: Sequence[Row]) -> Found:
    kept: Any = {**rows[0], "rows": list(rows)}
    if find.read is not None:
        kept = _as_read(find, rows) or _read(connector, find.read, document)
    reference = _taken(find.reference, kept)
    mark = differs(find.bears, kept, document.scope) if find.bears is not None else ""
    borne = _taken(find.bears.path, kept) if find.bears is not None and mark else None
    others = (f"it bears {_shown(borne)}, the mark of another record",) if borne else ()
    return Found(
        reference="" if reference is None else str(reference),
        bears=find.bears is not None and not mark,
        differences=(*others, *_entry_differences(find, kept, document), *_kept_differences(find, kept, document)),
        by=find,
        in_gl=find.in_gl is not None and _taken(find.in_gl, kept) is True,
        settled=find.settled is not None and _taken(find.settled, kept) is True,
        moved=_moved(find, kept, document),
    )


def _as_read(find: FindSpec, rows: Sequence[Row]) -> dict[str, Any] | None:
    """The document as `read` would give it, out of its one row; None where a part of it is missing or empty."""
    together, row = find.together, rows[0]
    if together is None or len(rows) != 1 or not all(_is_whole(row, name) for _, name in together.tables):
        return None
    return {together.under: {together.row: [row], **{table: row[name] for table, name in together.tables}}}


def _is_whole(row: Row, name: str) -> bool:
    """Whether the child set stands inside its row, and all of it: a server may give the rest on another page."""
    rows = row.get(name)
    return isinstance(rows, list) and bool(rows) and f"{name}@odata.nextLink" not in row


def _taken(path: Selector, kept: Any) -> Any:
    """What the path takes; None where it does not fit, so that one odd document does not stop all the others."""
    try:
        return path(kept)
    except SelectError:
        return None


def _moved(find: FindSpec, kept: Any, document: Document) -> str:
    """In which other group it stands; nothing is said of a document whose group was not remembered."""
    if find.group is None or any(use.path[0] not in document.scope for use in find.group.equals.names):
        return ""
    return differs(find.group, kept, document.scope)


def _read(connector: Connector, call: CallSpec, document: Document) -> Any:
    answer = connector.call(
        Call(
            verb=call.verb,
            path=str(call.path.render(document.scope)),
            company=document.company,
            params=tuple((name, str(value.render(document.scope))) for name, value in call.params),
            body=call.body.render(document.scope) if call.body else None,
        )
    )
    if answer.proof is not Proof.EFFECT:
        raise BadAnswer(f"{call.path.text}: {answer.message or 'no answer'}", status=answer.status)
    return answer.body


def _kept_differences(find: FindSpec, kept: Any, document: Document) -> tuple[str, ...]:
    told = (differs(part, kept, document.scope) for part in find.kept)
    return tuple(sentence for sentence in told if sentence)


def differs(part: KeptSpec, kept: Any, scope: Mapping[str, Any]) -> str:
    """How what stands there differs from what was asked; empty when it is the same."""
    try:
        there = part.path(kept)
        asked = part.equals.render(scope)
    except (RenderError, SelectError) as error:
        return f"{part.name}: {error.sentence}"
    if _same(asked, there):
        return ""
    return f"{part.name} is {_shown(there)}, asked {_shown(asked)}"


def _same(asked: Any, there: Any) -> bool:
    if asked is None or asked == "":
        return there is None or there in ("", 0)
    if isinstance(asked, bool) or isinstance(there, bool):
        return asked is there
    if isinstance(asked, (int, Decimal)) and isinstance(there, (int, Decimal)):
        return Decimal(asked) == Decimal(there)
    if isinstance(asked, date):
        return isinstance(there, str) and there[:10] == asked.isoformat()[:10]
    return str(asked).strip().casefold() == str(there).strip().casefold()


def _entry_differences(find: FindSpec, kept: Any, document: Document) -> tuple[str, ...]:
    if find.accounts is None or find.amounts is None:
        return ()
    accounts, amounts = _taken(find.accounts, kept) or [], _taken(find.amounts, kept) or []
    if len(accounts) != len(amounts):
        return (f"{len(accounts)} accounts for {len(amounts)} amounts",)
    asked: Counter[tuple[str, Decimal | None]] = Counter(
        (entry.account.casefold(), entry.amount) for entry in document.entries if not entry.booked_by_target
    )
    there: Counter[tuple[str, Decimal | None]] = Counter(
        (str(account or "").strip().casefold(), amount_of(amount))
        for account, amount in zip(accounts, amounts, strict=True)
    )
    return (
        *(f"kept {_line(line)}, not asked" for line in (there - asked).elements()),
        *(f"asked {_line(line)}, not kept" for line in (asked - there).elements()),
    )


def _line(line: tuple[str, Decimal | None]) -> str:
    account, amount = line
    if amount is None:
        return f"no amount on {account or 'no account'}"
    return f"{show_money(abs(amount))} {'debit' if amount >= 0 else 'credit'} on {account or 'no account'}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    return show_money(value) if isinstance(value, Decimal) else shown(value)
