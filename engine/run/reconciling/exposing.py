"""Section D: what was paid at the source and is open at the target, and what its payment run could take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.domain.record import RecordKey
from engine.run.exposure import Exposure, find_exposure
from engine.run.reconciling.read_source import booking_specs
from engine.run.reconciling.report import Count, Exposed, Finding, UsedCredit
from engine.run.reconciling.sides import SourceFact
from engine.run.setup import Setup
from engine.words.errors import CredentialsError, Unreachable


def read_exposure(
    setup: Setup, company: str, facts: Mapping[RecordKey, SourceFact]
) -> tuple[Exposure | None, list[str]]:
    """What `exposure` finds in a company, whatever the period; None when it cannot be read. And what is unknown."""
    try:
        found = find_exposure(setup, booking_specs(setup), company, balances_of=frozenset(_settled(facts)))
    except (Unreachable, CredentialsError) as error:
        return None, [f"what could be paid twice could not be read: {error}"]
    named = ", ".join(row.label or row.key.source_id for row in found.unread[:5])
    return found, [f"whether {len(found.unread)} documents could be paid twice is UNKNOWN: {named}"] if named else []


def _settled(facts: Mapping[RecordKey, SourceFact]) -> Iterator[RecordKey]:
    """The records that others pay, and those that were used for others."""
    for fact in facts.values():
        if fact.pays:
            yield _paid(fact)
        if fact.used_for:
            yield fact.key


def _paid(fact: SourceFact) -> RecordKey:
    return RecordKey(connection=fact.key.connection, feed=fact.key.feed, source_id=fact.pays or "")


def exposed(found: Exposure, facts: Mapping[RecordKey, SourceFact]) -> Exposed:
    """The counts of the section, by currency."""
    paid: dict[str, Count] = {}
    unlocked: dict[str, Count] = {}
    oldest = ""
    told: set[RecordKey] = set()
    for fact in facts.values():
        document = _paid(fact)
        balance = found.open.get(document)
        if balance and document not in told:
            told.add(document)
            bill = facts.get(document, fact)
            paid.setdefault(bill.currency or "", Count()).add(balance)
            day = "" if fact.day is None else fact.day.isoformat()
            oldest = min(filter(None, (oldest, day)), default="")
    for one in found.exposed:
        unlocked.setdefault(one.row.currency or "", Count()).add(one.balance)
    used = tuple(_used_credits(found, facts))
    return Exposed(paid_and_open=paid, unlocked=unlocked, oldest=oldest, used_credits=used)


def _used_credits(found: Exposure, facts: Mapping[RecordKey, SourceFact]) -> Iterator[UsedCredit]:
    """The credits that the source used, open at the target: the vendor is right in total, and wrong by invoice."""
    for fact in facts.values():
        balance = found.open.get(fact.key)
        if balance and fact.used_for:
            named = [
                RecordKey(connection=fact.key.connection, feed=fact.key.feed, source_id=one) for one in fact.used_for
            ]
            yield UsedCredit(
                what=fact.label,
                record=str(fact.key),
                used_for=tuple(facts[one].label if one in facts else one.source_id for one in named),
                balance=balance,
                currency=fact.currency or "",
            )


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
