"""A service under uwsgi answers with all its threads at work at once."""

from pathlib import Path

import pytest
from dcn_lab.command import DEFAULT_TOPOLOGY
from dcn_lab.daemons import Supervisor
from dcn_lab.execution import http_answers
from dcn_lab.layout import Layout
from dcn_lab.topology import load_topology
from dcn_lab.web_service import web_daemon
from dcn_lab.workspace import create_workspace

ANSWER_SECONDS = 120
BUSY_LOGGING = """
import logging, sys, threading
import eventlet
from oslo_config import cfg
from oslo_log import log

options = cfg.ConfigOpts()
log.register_options(options)
options([])
log.setup(options, "service")
sys.setswitchinterval(1e-5)


def work(number):
    for turn in range(2000):
        logging.getLogger(f"{number}.{turn}").isEnabledFor(logging.DEBUG)


def application(environment, start_response):
    threads = []
    if environment["PATH_INFO"] == "/busy":
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    start_response("200 OK", [])
    return [b"all done"]
"""
"""Does what requests do side by side, and more of it: look for loggers and ask them."""


def test_threads_that_log_at_once_do_not_wait_for_ever(
    tmp_path: Path, unused_tcp_port: int, request: pytest.FixtureRequest
) -> None:
    workspace = create_workspace(Layout(tmp_path / "lab"), load_topology(DEFAULT_TOPOLOGY))
    application = tmp_path / "service.py"
    application.write_text(BUSY_LOGGING, encoding="utf-8")
    daemon = web_daemon(
        workspace, "service", unused_tcp_port, application, log=tmp_path / "service.log"
    )
    supervisor = Supervisor(workspace.layout)
    request.addfinalizer(lambda: supervisor.kill(daemon.name))

    supervisor.start(daemon)

    assert http_answers(unused_tcp_port, "/busy", seconds=ANSWER_SECONDS)
