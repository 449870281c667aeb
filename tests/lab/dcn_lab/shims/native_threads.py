"""Imported by uwsgi before a service: let threads share Python's logging.

oslo.log takes a service that has merely imported eventlet for one made of greenlets, and gives
Python's logging a lock of eventlet's (oslo_log/log.py, _fix_eventlet_logging). uwsgi's threads are
real ones: two that meet at that lock wait for ever, "cannot switch to a different thread".
"""

from oslo_log import log

log._fix_eventlet_logging = lambda: None
