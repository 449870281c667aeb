"""Glance's API for uwsgi.

Under uwsgi sys.executable is uwsgi itself, and oslo.concurrency's prlimit starts qemu-img through
it: every import with a conversion would fail. Name the interpreter instead.
"""

import sys

sys.executable = "/usr/bin/python3"

from glance.common.wsgi_app import init_app  # type: ignore[import-not-found]  # noqa: E402

application = init_app()
