"""`serve`: schedules, jobs and the HTTP face in one process."""

from __future__ import annotations

import click

from engine.faces.commands.service_options import ServiceOptions, open_service, service_options, until_told_to_stop
from engine.words.errors import InputError


@click.command("serve")
@service_options
@click.option(
    "--listen",
    default="127.0.0.1:8787",
    show_default=True,
    metavar="HOST:PORT",
    envvar="ML_CONNECTOR_LISTEN",
    show_envvar=True,
    help="Where webhooks, /healthz, /readyz and /metrics are served; port 0 takes a free one.",
)
def command(options: ServiceOptions, listen: str) -> None:
    """Run by itself until SIGTERM: schedules, webhooks, jobs, alerts, health and metrics, in one process.

    On SQLite this is the one process that works on a workspace's jobs; a second one is refused. On PostgreSQL
    any number of `worker` may help. A file that is changed counts from the next job on; while a workspace has
    errors nothing of it runs. On SIGTERM what is being sent is finished and recorded. It listens on this machine
    alone unless told otherwise: put a proxy that speaks https before it, and pass on /webhooks/ only.

    \b
    Examples:
      ml-connector serve
      ml-connector serve --listen 127.0.0.1:8080 --log-format json
      ml-connector serve -w acme -w globex --jobs postgresql://jobs@db/jobs
    """
    from engine.faces.service.face import HttpFace
    from engine.faces.service.job_log import log_job_end
    from engine.wiring.logs import configure_logs, get_log
    from engine.words.clock import random_id

    host, port = _address(listen)
    opened = open_service(options)
    service = opened.service
    face = HttpFace(
        {one.name: one.current for one in opened.served},
        service.jobs,
        clock=opened.clock,
        make_id=random_id,
        host=host,
        port=port,
        lags=service.ticker.lags,
    )

    def begin() -> None:
        service.start(heard=[log_job_end, face.job_ended])
        configure_logs(options.log_format, options.log_level)  # the queue's library has set up its own
        url = face.start()
        names = [one.name for one in opened.served]
        get_log().info("working", workspaces=names, worker=service.worker, listening=url)

    def end() -> bool:
        face.stop()
        return service.stop()

    until_told_to_stop(begin, end)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535 or not host:
        raise InputError(f"--listen {listen}: write HOST:PORT, such as 127.0.0.1:8787")
    return host.strip("[]"), int(port)
