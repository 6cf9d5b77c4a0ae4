"""Section D: what was paid at the source and is open at the target, and what its payment run could take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.domain.record import RecordKey
from engine.run.exposure import Exposure, find_exposure
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.report import Count, Exposed, Finding
from engine.run.reconciling.sides import SourceFact
from engine.run.setup import Setup
from engine.words.errors import CredentialsError, Unreachable


def read_exposure(setup: Setup, company: str) -> tuple[Exposure | None, list[str]]:
    """What `exposure` finds in a company, whatever the period; None when it cannot be read. And what is unknown."""
    try:
        found = find_exposure(setup, booking_specs(setup), company)
    except (Unreachable, CredentialsError) as error:
        return None, [f"what could be paid twice could not be read: {error}"]
    named = ", ".join(row.label or row.key.source_id for row in found.unread[:5])
    return found, [f"whether {len(found.unread)} documents could be paid twice is UNKNOWN: {named}"] if named else []


def exposed(found: Exposure, facts: Mapping[RecordKey, SourceFact]) -> Exposed:
    """The counts of the section, by currency."""
    paid: dict[str, Count] = {}
    unlocked: dict[str, Count] = {}
    oldest = ""
    told: set[RecordKey] = set()
    for fact in facts.values():
        document = RecordKey(connection=fact.key.connection, feed=fact.key.feed, source_id=fact.pays or "")
        balance = found.open.get(document)
        if balance and document not in told:
            told.add(document)
            bill = facts.get(document, fact)
            paid.setdefault(bill.currency or "", Count()).add(balance)
            day = "" if fact.day is None else fact.day.isoformat()
            oldest = min(filter(None, (oldest, day)), default="")
    for one in found.exposed:
        unlocked.setdefault(one.row.currency or "", Count()).add(one.balance)
    return Exposed(paid_and_open=paid, unlocked=unlocked, oldest=oldest)


def exposed_findings(found: Exposure) -> Iterator[Finding]:
    """Each document that the target's own payment run could take although the source pays."""
    for one in found.exposed:
        number = one.row.label or one.row.key.source_id
        keyed = f", keyed by hand with vendor and amount of {number}," if one.keyed else ""
        yield Finding(
            kind="exposed",
            what=number,
            amount=one.balance,
            currency=one.row.currency or "",
            sentence=f"{one.reference}{keyed} could be paid again by the target's payment run: {'; '.join(one.why)}",
            record=str(one.row.key),
            reference=one.reference,
        )
