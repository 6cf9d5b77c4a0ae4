"""`serve`: schedules, jobs and the HTTP face in one process."""

from __future__ import annotations

import click

from engine.faces.commands.service_options import ServiceOptions, open_service, service_options, until_told_to_stop


@click.command("serve")
@service_options
def command(options: ServiceOptions) -> None:
    """Run by itself until SIGTERM: schedules, webhooks, jobs, health and metrics, in one process.

    On SQLite this is the one process that works on a workspace's jobs; a second one is refused. On PostgreSQL
    any number of `worker` may help. A file that is changed counts from the next job on; while a workspace has
    errors nothing of it runs. On SIGTERM what is being sent is finished and recorded.

    \b
    Examples:
      ml-connector serve
      ml-connector serve --listen 127.0.0.1:8080 --log-format json
      ml-connector serve -w acme -w globex --jobs postgresql://jobs@db/jobs
    """
    from engine.faces.service.job_log import log_job_end
    from engine.wiring.logs import configure_logs, get_log

    opened = open_service(options)

    def begin() -> None:
        opened.service.start(heard=[log_job_end])
        configure_logs(options.log_format, options.log_level)  # the queue's library has set up its own
        get_log().info("working", workspaces=[one.name for one in opened.served], worker=opened.service.worker)

    until_told_to_stop(begin, opened.service.stop)
