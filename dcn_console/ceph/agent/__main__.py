"""Runs the agent where the program is installed."""

from .service import serve

serve()
