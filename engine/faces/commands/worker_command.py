"""`worker`: schedules and jobs in one process, as many of them as wanted on PostgreSQL."""

from __future__ import annotations

import click

from engine.faces.commands.service_options import ServiceOptions, open_service, service_options, until_told_to_stop


@click.command("worker")
@service_options
def command(options: ServiceOptions) -> None:
    """Do what is scheduled and what webhooks asked for, until SIGTERM: `serve` without its HTTP face.

    On PostgreSQL start as many as you like, on as many machines; every one ticks the schedules, and each tick
    is fired once. A worker that dies is replaced by the others after --rescue-after. On SIGTERM what is being
    sent is finished and recorded, and what was not begun waits for the next start.

    \b
    Examples:
      ml-connector worker
      ml-connector worker --workspaces /srv/companies --jobs postgresql://jobs@db/jobs --concurrency 8
      ML_CONNECTOR_LOG_FORMAT=json ml-connector worker
    """
    from engine.faces.service.job_log import log_job_end
    from engine.wiring.logs import configure_logs, get_log

    opened = open_service(options)

    def begin() -> None:
        opened.service.start(heard=[log_job_end])
        configure_logs(options.log_format, options.log_level)  # the queue's library has set up its own
        get_log().info("working", workspaces=[one.name for one in opened.served], worker=opened.service.worker)

    until_told_to_stop(begin, opened.service.stop)
