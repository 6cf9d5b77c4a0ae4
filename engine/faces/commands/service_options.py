"""What `serve` and `worker` share: their options, and how their process begins and ends."""

from __future__ import annotations

import functools
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from engine.wiring.served import Served
    from engine.wiring.service import Service, ServiceSettings
    from engine.words.clock import Clock

_F = TypeVar("_F", bound=Callable[..., Any])

STOPPED_HARD = 143


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What was typed, or stands in the environment."""

    workspaces: tuple[Path, ...]
    folder: Path | None
    jobs: str | None
    settings: ServiceSettings
    log_format: Any
    log_level: Any


def service_options(command: _F) -> Callable[..., Any]:
    """The options, handed on as one `ServiceOptions`."""

    @functools.wraps(command)
    def with_options(**given: Any) -> Any:
        from engine.wiring.service import ServiceSettings

        options = ServiceOptions(
            workspaces=given.pop("workspace"),
            folder=given.pop("workspaces"),
            jobs=given.pop("jobs"),
            settings=ServiceSettings(
                concurrency=given.pop("concurrency"),
                rescue_s=given.pop("rescue_after"),
                deaths_max=given.pop("deaths_max"),
                grace_s=given.pop("grace"),
            ),
            log_format=given.pop("log_format"),
            log_level=given.pop("log_level"),
        )
        return command(options, **given)

    made: Any = with_options
    for add in reversed(_OPTIONS):
        made = add(made)
    return made  # type: ignore[no-any-return]


def queue_options(command: _F) -> _F:
    """Whose queue, and where it is kept, as for `serve` and `worker`."""
    made: Any = command
    for add in reversed(_QUEUE_OPTIONS):
        made = add(made)
    return made  # type: ignore[no-any-return]


_QUEUE_OPTIONS = (
    click.option(
        "--workspace",
        "-w",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        multiple=True,
        envvar="ML_CONNECTOR_WORKSPACE",
        show_envvar=True,
        help="A workspace to serve; may be repeated. By default this folder or the nearest one above it.",
    ),
    click.option(
        "--workspaces",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        metavar="FOLDER",
        envvar="ML_CONNECTOR_WORKSPACES",
        show_envvar=True,
        help="Serve every workspace that lies in this folder.",
    ),
    click.option(
        "--jobs",
        metavar="URL",
        envvar="ML_CONNECTOR_JOBS",
        show_envvar=True,
        help="The database of the queue, such as postgresql://user@host/database. By default, for one workspace, "
        "beside its ledger.",
    ),
)
_OPTIONS = (
    *_QUEUE_OPTIONS,
    click.option(
        "--concurrency",
        type=click.IntRange(min=1, max=64),
        default=4,
        show_default=True,
        envvar="ML_CONNECTOR_CONCURRENCY",
        show_envvar=True,
        help="Jobs at once in this process; give all workers the same.",
    ),
    click.option(
        "--rescue-after",
        type=click.FloatRange(min=1),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        envvar="ML_CONNECTOR_RESCUE_AFTER",
        show_envvar=True,
        help="A worker that was not heard for so long is dead; its jobs are taken over.",
    ),
    click.option(
        "--deaths-max",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        envvar="ML_CONNECTOR_DEATHS_MAX",
        show_envvar=True,
        help="A job over which so many workers died is set aside until its next time.",
    ),
    click.option(
        "--grace",
        type=click.FloatRange(min=1),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        envvar="ML_CONNECTOR_GRACE",
        show_envvar=True,
        help="On SIGTERM, wait so long for what is being sent; longer than any request to a target.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["people", "json"]),
        default="people",
        show_default=True,
        envvar="ML_CONNECTOR_LOG_FORMAT",
        show_envvar=True,
        help="How the log on standard error is written.",
    ),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        envvar="ML_CONNECTOR_LOG_LEVEL",
        show_envvar=True,
        help="The least that is logged.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A service that is put together and not started yet."""

    service: Service
    served: tuple[Served, ...]
    clock: Clock


def open_service(options: ServiceOptions) -> Opened:
    """Find the workspaces and put the service together; logging is set up from here on.

    Raises:
        InputError: a workspace is not there, or another process works on the same jobs.
        LedgerError: the jobs' database cannot be used.
    """
    from engine.wiring.logs import configure_logs, get_log
    from engine.wiring.served import find_served
    from engine.wiring.service import Service, jobs_url
    from engine.words.clock import SystemClock, random_id

    configure_logs(options.log_format, options.log_level)
    log, clock = get_log(), SystemClock()
    served = find_served(options.workspaces, options.folder, clock, random_id)
    for one in served if len(served) == 1 else ():  # of many, each job tells: a start must not read them all
        for problem in one.current.now().errors:
            log.error("nothing runs before this is put right", workspace=one.name, problem=str(problem))

    def told(sentence: str, about: Mapping[str, str]) -> None:
        log.warning(sentence, **about)

    service = Service(
        served,
        url=jobs_url(served, options.jobs),
        worker=f"{socket.gethostname()}-{os.getpid()}-{random_id()[:6]}",
        settings=options.settings,
        clock=clock,
        make_id=random_id,
        told=told,
    )
    return Opened(service=service, served=served, clock=clock)


def until_told_to_stop(begin: Callable[[], None], end: Callable[[], bool]) -> None:
    """Begin, work until SIGTERM or SIGINT, and end; a second signal, or an `end` that was too late, ends hard."""
    from engine.wiring.logs import get_log

    told = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        if told.is_set():
            get_log().error("stopped hard; what is in doubt resolves by itself")
            os._exit(STOPPED_HARD)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        begin()
    except BaseException:
        end()
        raise
    while not told.wait(1.0):
        pass
    get_log().info("stopping")
    if not end():
        get_log().error("what is under way did not end in time: stopped hard; what is in doubt resolves by itself")
        os._exit(STOPPED_HARD)
    get_log().info("stopped")
