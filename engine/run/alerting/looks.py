"""What was looked at beside the ledger just before alerts are checked; the rest stays as it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.run.exposure import Exposure
from engine.run.reconciling.report import ControlReport


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialTrouble:
    """What is wrong with a credential, or will be soon; `told` has no value of it, `command` ends it."""

    connection: str
    field: str
    what: str
    told: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLook:
    """How a job of the service ended last; `trouble` is `failed` or `set aside`, empty when it ended well.

    `files_wrong` says that it failed because the workspace's files have errors, as every other job does then.
    """

    name: str
    trouble: str = ""
    files_wrong: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Whatever was just looked at; None and empty are not looked at, except `credentials`, which always are.

    `exposure_of` is the company that exposure was asked for, None for all.
    """

    credentials: tuple[CredentialTrouble, ...] = ()
    exposure: Exposure | None = None
    exposure_of: str | None = None
    reports: tuple[ControlReport, ...] = ()
    jobs: tuple[JobLook, ...] = ()
