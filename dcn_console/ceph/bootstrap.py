"""How the agent's source reaches an interpreter that has no file of ours.

The interpreter reads its program from stdin with ``-i``, because without it Python would read to
the end of the stream before it ran anything. The command has no word that a shell would change, so
it passes through ``ssh`` and ``sudo podman exec -i`` unharmed. The first lines are a few statements
that say the marker and then read exactly the source's bytes. The source must not be sent before the
marker was seen: C's stdio, which reads the statements, takes whatever is in the pipe already.

``-I`` keeps PYTHONSTARTUP, the interactive hook (which would read and write ~/.python_history) and
modules in the working directory out. It works in Python 3.6 to 3.13, all of which were tried.
"""

from functools import cache
from importlib.resources import files

from dcn_console.model.sites import ClusterAccess

MARKER = b"dcn-console-agent-ready"
"""The line that tells that the source may be sent."""
_MARKER_LINE = MARKER + b"\n"
_INTERPRETER_OPTIONS = ("-I", "-q", "-u", "-i", "-")
_LAST_RESORT = ("python3",)


MODULES = (
    "failures",
    "parameters",
    "channel",
    "pace",
    "opening",
    "connection",
    "health",
    "images",
    "kinship",
    "mirror_status",
    "mirror_steering",
    "mirror_peers",
    "mirror_manager",
    "detail",
    "metadata",
    "data",
    "copying",
    "service",
)
"""The agent's modules, each after those that it imports."""
_LOADER = """\
import importlib.machinery, importlib.util, sys
def load(name, source, parent=None):
    spec = importlib.machinery.ModuleSpec(name, None, is_package=parent is None)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if parent is not None:
        setattr(parent, name.rpartition(".")[2], module)
    exec(compile(source, name.replace(".", "/") + ".py", "exec"), module.__dict__)
    return module
package = load("dcn_console_agent", "")
"""
"""Makes modules of sources, so that nothing is written where the agent runs."""


@cache
def agent_source() -> bytes:
    """Return one program that loads the agent's modules from within itself, and runs it."""
    folder = files("dcn_console.ceph").joinpath("agent")
    lines = [_LOADER]
    for name in MODULES:
        source = folder.joinpath(f"{name}.py").read_text(encoding="utf-8")
        lines.append(f"load({f'dcn_console_agent.{name}'!r}, {source!r}, package)\n")
    lines.append("package.service.serve()\n")
    return "".join(lines).encode()


def agent_command(access: ClusterAccess, default_python: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command to start: the configured one, or an interpreter that takes the source.

    A "-" at the end of a configured interpreter is dropped, because our options bring their own.
    """
    if access.command:
        return access.command
    python = access.python or default_python or _LAST_RESORT
    if python[-1] == "-" and len(python) > 1:
        python = python[:-1]
    return python + _INTERPRETER_OPTIONS


def needs_source(access: ClusterAccess) -> bool:
    """Whether the command is an interpreter that waits for the agent's source."""
    return not access.command


def statements(source: bytes) -> bytes:
    """Return the first lines for the interpreter: they take ``source`` and run it.

    The process always ends with the source, so that no line of the protocol is ever run as Python.
    The empty prompts keep stderr for real messages. The assignments keep results off stdout.
    """
    return (
        "import os, sys; sys.ps1 = sys.ps2 = ''\n"
        "try:\n"
        f" _ = os.write(1, {_MARKER_LINE!r})\n"
        f" _ = compile(sys.stdin.buffer.read({len(source)}), 'dcn-console-agent', 'exec')\n"
        " exec(_, {'__name__': '__main__'})\n"
        "except BaseException:\n"
        " sys.excepthook(*sys.exc_info())\n"
        "finally:\n"
        " os._exit(70)\n"
        "\n"
    ).encode()
