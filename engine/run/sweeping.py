"""The sweep: everything entered and not settled is read again in the target, and what happened to it is told.

A document can be changed, moved or deleted by people until its group is posted. Nothing is entered again by
itself: what is found stands as a cause on the record, page by page. When very many are gone at once, the target was
probably put back to an older state: so those that are gone wait until all were looked at, and where they are too
many no record is marked, and the line stops until a person confirms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from engine.adapters.connectors.port import Connector, Lookup
from engine.adapters.store.port import Decision, RecordRow
from engine.domain.lifecycle import State
from engine.language.spec.model import MappingSpec, TroubleSpec
from engine.language.transform.render import RenderError
from engine.plan.decision import Document
from engine.run.entered_documents import Entered, closed_findings, entered_documents
from engine.run.isolating import Apart
from engine.run.ledger_pages import BATCH
from engine.run.line_stops import free_line, stop_line, stopped_because
from engine.run.matching import Found, find_documents
from engine.run.setup import Setup, Tell, ignore
from engine.words.errors import InputError

CHUNK = 15
MISSING_MAX = 3
MISSING_PERCENT_MAX = 2
OURS_TO_CLEAR = frozenset({"vanished", "edited", "moved", "post_error", "differs", "not_read_back"})

Line = tuple[str, str | None]
"""A target connection and a company of it."""
_Answered = tuple[Entered, Document, Found | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What the sweep found out about one record."""

    row: RecordRow
    cause: str
    reason: str


@dataclass(slots=True, kw_only=True)
class SweepResult:
    """What a sweep did; `unread` are entered records whose document is not known any more or cannot be read."""

    looked_at: int = 0
    in_gl: int = 0
    settled: int = 0
    cleared: int = 0
    noticed: list[Noticed] = field(default_factory=list)
    unread: list[RecordRow] = field(default_factory=list)
    stopped: dict[Line, str] = field(default_factory=dict)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.noticed or self.unread or self.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One entered record, and what the target has for it now; `line` is where its document stands."""

    line: Line
    row: RecordRow
    sent: bool
    found: Found | None
    trouble: str = ""

    @property
    def gone(self) -> bool:
        """Whether our document is not there; another one with its number is ours only if it says the same."""
        return self.found is None or (self.sent and self.found.by.bears is not None and not self.found.ours)

    @property
    def moved(self) -> str:
        """In which other group it stands; one that was keyed by hand and found equal never was in ours."""
        if self.found is None or self.found.in_gl or (self.found.by.bears is not None and not self.found.bears):
            return ""
        return self.found.moved


def sweep(
    setup: Setup,
    specs: Sequence[MappingSpec],
    *,
    accept_missing: str = "",
    company: str | None = None,
    tell: Tell = ignore,
) -> SweepResult:
    """Read everything that is entered and not settled, and note what became of it.

    `accept_missing` is a person's reason for letting stopped lines run again (those of `company`, if given):
    then what is missing is marked record by record.

    Raises:
        Unreachable: a target cannot be asked; what was read before that is noted, and nothing that is gone.
        InputError: there is no stopped line to accept anything for.
    """
    run, result = setup.make_id(), SweepResult()
    swept = [spec for spec in specs if not spec.in_step and spec.dedupe is not None and spec.dedupe.find]
    lines = {(spec.target.connection, name) for spec in swept for name in setup.books.companies}
    standing = {line: why for line in sorted(lines) if (why := stopped_because(setup.ledger, *line))}
    accepted = {line for line in standing if accept_missing and company in (None, line[1])}
    if accept_missing and not accepted:
        raise InputError("no line is stopped, so there is nothing to accept")
    result.stopped = {line: why for line, why in standing.items() if line not in accepted}
    looked_at: Counter[Line] = Counter()
    gone: list[_Seen] = []
    for spec in swept:
        for page in _look(setup, spec, result, tell):
            looked_at.update(one.line for one in page)
            gone += [one for one in page if one.gone]
            _note(setup, [one for one in page if not one.gone], result, run)
    for line in sorted(looked_at.keys() - accepted, key=str):
        here = [one for one in gone if one.line == line]
        _stop_if_many_are_gone(setup, line, here, looked_at[line], result, run)
    marked = [one for one in gone if one.line not in result.stopped]
    for start in range(0, len(marked), BATCH):
        _note(setup, marked[start : start + BATCH], result, run)
    for line in sorted(accepted):
        free_line(setup, *line, accept_missing, run)
    return result


def _look(setup: Setup, spec: MappingSpec, result: SweepResult, tell: Tell) -> Iterator[list[_Seen]]:
    """What the target has for the entered records of a mapping, page by page."""
    connector = setup.connectors[spec.target.connection]
    for page in entered_documents(setup, spec, State.ENTERED, State.IN_GL):
        known = [(one, one.document) for one in page if one.document is not None]
        parts = [known[start : start + CHUNK] for start in range(0, len(known), CHUNK)]
        with ThreadPoolExecutor(max_workers=setup.in_flight(spec.target.connection)) as pool:
            answers = list(pool.map(lambda part: _ask(connector, spec, part), parts))
        known = [(entered, document) for part in answers for entered, document, _ in part]
        by_key = {document.claim_text: found for part in answers for _, document, found in part if found is not None}
        read = {entered.row.id for entered, _ in known}
        result.unread += [one.row for one in page if one.row.id not in read]
        troubles = _troubles(setup, spec, [document for _, document in known], by_key)
        result.looked_at += len(known)
        yield [
            _Seen(
                line=(spec.target.connection, document.company),
                row=entered.row,
                sent=entered.sent,
                found=by_key.get(document.claim_text),
                trouble=troubles.get(document.claim_text, ""),
            )
            for entered, document in known
        ]
        tell("looked at", len(known))


def _ask(connector: Connector, spec: MappingSpec, part: Sequence[tuple[Entered, Document]]) -> Sequence[_Answered]:
    """What the target has for each document; without those about which it gives no answer."""

    def together(some: Sequence[tuple[Entered, Document]]) -> list[_Answered]:
        found = find_documents(connector, spec, [document for _, document in some])
        return [(entered, document, found.get(document.claim_text)) for entered, document in some]

    apart: Apart[tuple[Entered, Document], _Answered] = Apart(
        work=together, alone=lambda _one, _error: (), may_all_fail=True
    )
    return apart.do(part)


def _troubles(
    setup: Setup, spec: MappingSpec, documents: Sequence[Document], found: Mapping[str, Found]
) -> dict[str, str]:
    """The target's words on why the group of a document could not be posted, by claim text."""
    told: dict[str, str] = {}
    by_ask: dict[tuple[str | None, str], tuple[TroubleSpec, list[Document]]] = {}
    for document in documents:
        there = found.get(document.claim_text)
        if there is not None and there.by.trouble is not None and not there.in_gl:
            ask = there.by.trouble
            by_ask.setdefault((document.company, ask.set), (ask, []))[1].append(document)
    for (company, set_name), (ask, waiting) in by_ask.items():
        matches = {document.claim_text: _match(ask, document) for document in waiting}
        wanted = tuple(dict.fromkeys(match for match in matches.values() if match is not None))
        rows = setup.connectors[spec.target.connection].find(Lookup(set=set_name, matches=wanted, company=company))
        for document in waiting:
            match = matches[document.claim_text]
            words = [ask.path(row) for row in rows.get(match, ())] if match is not None else []
            told[document.claim_text] = _about(document, "\n".join(str(word) for word in words if word))
    return told


def _match(ask: TroubleSpec, document: Document) -> tuple[tuple[str, object], ...] | None:
    try:
        return tuple((name, value.render(document.scope)) for name, value in ask.match)
    except RenderError:
        return None  # entered before the recipe asked for this: what the look-up needs was not remembered


def _about(document: Document, log: str) -> str:
    """The lines of a group's log that name this document; the whole of it when none does."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    named = [line for line in lines if document.facts.label and document.facts.label in line]
    return " ".join(named or lines)


def _stop_if_many_are_gone(
    setup: Setup, line: Line, gone: Sequence[_Seen], looked_at: int, result: SweepResult, run: str
) -> None:
    fresh = [one for one in gone if one.row.cause != "vanished" and _is_new(setup, one, _gone(one))]
    settings = setup.books.companies[line[1]].settings if line[1] in setup.books.companies else {}
    own = settings.get("sweep_stop_missing")
    most = max(MISSING_MAX if own is None else own, looked_at * MISSING_PERCENT_MAX // 100)
    if len(fresh) <= most:
        return
    reason = (
        f"{len(fresh)} of our {looked_at} documents are gone from {line[0]} {line[1] or ''} at once "
        f"(more than {most}): it looks as if it was put back to an older state"
    )
    if result.stopped.get(line) != reason:
        stop_line(setup, *line, reason, run)
    result.stopped[line] = reason


def _is_new(setup: Setup, one: _Seen, sentence: str) -> bool:
    """Whether there is something to say that no person has closed."""
    return bool(sentence) and sentence not in closed_findings(setup, one.row)


def _gone(one: _Seen) -> str:
    target, row = one.line[0], one.row
    if one.found is None:
        return f"{row.reference} is not in {target} any more"
    return f"{row.reference} is not ours any more: {target} has another document with its number"


def _note(setup: Setup, seen: Sequence[_Seen], result: SweepResult, run: str) -> None:
    first: list[Decision] = []
    second: list[Decision] = []
    for one in seen:
        row = one.row
        cause, reason = _finding(setup, one)
        if cause and cause in OURS_TO_CLEAR and (cause, reason) != ("differs", row.reason):
            result.noticed.append(Noticed(row=row, cause=cause, reason=reason))
        result.cleared += bool(row.cause in OURS_TO_CLEAR and not cause)
        state = _state(one)
        result.in_gl += row.state is State.ENTERED and state is not State.ENTERED
        result.settled += state is State.SETTLED
        step = State.IN_GL if row.state is State.ENTERED and state is State.SETTLED else state
        first.append(Decision(record_id=row.id, state=step, cause=cause, reason=reason, was=row.state))
        if step is not state:
            second.append(Decision(record_id=row.id, state=state, cause=cause, reason=reason, was=step))
    setup.ledger.decide(first, run, setup.who)
    setup.ledger.decide(second, run, setup.who)


def _state(one: _Seen) -> State:
    """How far the document has come; it never goes back, that is a finding."""
    if one.gone or one.found is None:
        return one.row.state
    if one.found.settled:
        return State.SETTLED
    return State.IN_GL if one.found.in_gl else one.row.state


def _finding(setup: Setup, one: _Seen) -> tuple[str, str]:
    """The cause and its reason; without anything new, what stood there before, unless it is over."""
    row = one.row
    if one.gone or one.found is None:
        reason = _gone(one)
        return ("vanished", reason) if _is_new(setup, one, reason) else ("", "")
    differences = [sentence for sentence in one.found.differences if _is_new(setup, one, sentence)]
    if row.state is State.IN_GL and not one.found.in_gl:
        differences.insert(0, "it was in the general ledger and is not posted any more")
    if differences:
        reason = "; ".join(differences)
        return ("differs", reason) if (row.cause, row.reason) == ("differs", reason) else ("edited", reason)
    if _is_new(setup, one, one.moved):
        return "moved", one.moved
    if not one.found.in_gl and _is_new(setup, one, one.trouble):
        return "post_error", one.trouble
    return ("", "") if row.cause in OURS_TO_CLEAR else (row.cause, row.reason)
