"""A simulated cluster's agent: it speaks the agents' protocol and asks the simulator over HTTP.

Run it with ``python -m dcn_console.simulator.agent --url URL --cluster NAME``. Like the real
agent it is one process for one cluster, reads JSON lines from standard input, may answer out of
order, and exits at once when its input ends. Only the standard library is used.
"""

import argparse
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

PROTOCOL = 1
WORKERS = 4
PART = 50
NUMBERS = 4096
DEFAULT_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 0.25
_HTTP_TIMEOUT_SECONDS = 10.0
_ABORTED = 134
_TIMEOUTS = {
    "mon": "[errno 110] RADOS timed out (error connecting to the cluster)",
    "osd": "[errno 110] RBD operation timeout",
    "mgr": "the cluster has no active manager (mgr)",
}
_PRETENDED = {
    "permission": "[errno 1] RADOS permission error (error connecting to the cluster)",
    "keyring": "[errno 2] RADOS object not found (error connecting to the cluster): no keyring",
}

Message = dict[str, Any]


class AgentFailure(Exception):
    """An error to answer with; ``kind`` is one of the protocol's."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class SimulatorAgent:
    """Answers requests for one cluster; its threads share nothing but the output."""

    def __init__(self, url: str, cluster: str) -> None:
        self._address = f"{url.rstrip('/')}/simulator/agents/{cluster}"
        self._timeout = DEFAULT_TIMEOUT_SECONDS
        self._writing = threading.Lock()
        self._requests: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def serve(self) -> None:
        """Greet, then answer until the input ends; then end the process at once."""
        version = "simulated"
        hello = {"protocol": PROTOCOL, "agent": "simulator", "ceph_version": version}
        self.send({"hello": {**hello, "pid": os.getpid()}})
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()
        for line in sys.stdin.buffer:
            if line.strip():
                self._take(line)
        os._exit(0)

    def _take(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if (
            isinstance(request, dict)
            and isinstance(request.get("id"), int)
            and isinstance(request.get("operation"), str)
            and isinstance(request.get("parameters", {}), dict)
        ):
            self._requests.put(request)
        else:
            error = {"kind": "invalid", "message": "The line is not a request."}
            self.send({"id": None, "error": error})

    def send(self, message: Message) -> None:
        """Write one line."""
        with self._writing:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()

    def _work(self) -> None:
        while True:
            request = self._requests.get()
            try:
                self._answer(request)
            except AgentFailure as failure:
                error = {"kind": failure.kind, "message": str(failure)}
                self.send({"id": request["id"], "error": error})

    def _answer(self, request: Message) -> None:
        operation, parameters = request["operation"], request.get("parameters", {})
        if operation == "connect":
            self._timeout = float(parameters.get("timeout_seconds") or DEFAULT_TIMEOUT_SECONDS)
        number = request["id"]
        found = self._ask(number, operation, parameters)
        while "again" in found:
            self._report(number, found)
            time.sleep(float(found.get("seconds", 0.0)))
            found = self._ask(number, operation, {**parameters, "again": found["again"]})
        parts = found.get("parts") or []
        size = PART if parts and isinstance(parts[0], dict) else NUMBERS
        for start in range(0, len(parts), size):
            self.send({"id": number, "part": parts[start : start + size]})
        result: Any = found.get("result")
        seconds = float(found.get("seconds", 0.0))
        if seconds:
            total = int(found.get("total") or result["bytes"])
            self._read_through(number, parameters, total, seconds)
        elif found.get("total"):
            self._report(number, found)
        self.send({"id": number, "result": result})

    def _report(self, number: int, found: Message) -> None:
        progress = {"done": int(found.get("done", 0)), "total": int(found["total"])}
        self.send({"id": number, "progress": progress})

    def _read_through(self, number: int, parameters: Message, total: int, seconds: float) -> None:
        """Take as long as reading the data does, and say how far it is."""
        done = 0.0
        while done < seconds:
            self._ask(number, "probe", {"pool": parameters.get("pool", "")})
            time.sleep(min(_PROGRESS_SECONDS, seconds - done))
            done += _PROGRESS_SECONDS
            progress = {"done": int(total * min(1.0, done / seconds)), "total": total}
            self.send({"id": number, "progress": progress})

    def _ask(self, number: int, operation: str, parameters: Message) -> Message:
        """Ask the simulator until it answers; give up when the timeout is over."""
        deadline = time.monotonic() + self._timeout
        while True:
            found = self._post(operation, parameters)
            if "error" in found:
                error = found["error"]
                raise AgentFailure(str(error["kind"]), str(error["message"]))
            if "fault" in found:
                self._act_out(number, str(found["fault"]))
            elif not found.get("blocked"):
                return found
            elif time.monotonic() >= deadline:
                raise AgentFailure("unreachable", _TIMEOUTS[found["blocked"]])
            else:
                time.sleep(_POLL_SECONDS)

    def _post(self, operation: str, parameters: Message) -> Message:
        body = json.dumps({"operation": operation, "parameters": parameters}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address, body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_HTTP_TIMEOUT_SECONDS) as reply:  # noqa: S310
                found = json.load(reply)
        except urllib.error.HTTPError as error:
            raise AgentFailure("internal", f"The simulator answered {error.code}.") from error
        except (OSError, ValueError):
            return {"blocked": "mon"}
        return found if isinstance(found, dict) else {}

    def _act_out(self, number: int, fault: str) -> None:
        """Do what a fault says; return only when a proper answer shall follow."""
        if fault in _PRETENDED:
            raise AgentFailure(fault, _PRETENDED[fault])
        if fault == "hang":
            threading.Event().wait()
        elif fault == "junk":
            with self._writing:
                sys.stdout.write("2026-11-21T05:12:49 7f librbd: not of the protocol\n")
                sys.stdout.flush()
        else:
            with self._writing:
                if fault == "half-line":
                    sys.stdout.write(f'{{"id": {number}, "resu')
                    sys.stdout.flush()
                os._exit(_ABORTED)


def main() -> None:
    """Run the agent."""
    parser = argparse.ArgumentParser(prog="dcn-console-simulator-agent", description=__doc__)
    parser.add_argument("--url", required=True, help="where the simulator listens")
    parser.add_argument("--cluster", required=True, help="the Ceph cluster's name")
    options = parser.parse_args()
    SimulatorAgent(options.url, options.cluster).serve()


if __name__ == "__main__":
    main()
