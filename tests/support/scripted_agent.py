"""An agent that misbehaves on request: run as a command, with the way it starts as argument.

Starts: ok, noisy, silent, old, dies, connect-hangs, connect-refuses. The operations are named
after what they do; "echo" answers its parameters, and "hold" answers once a file exists.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

SECRET = "AQ" + "x" * 36 + "=="


def write(text: str) -> None:
    os.write(1, text.encode())


def send(message: dict[str, Any]) -> None:
    write(json.dumps(message) + "\n")


def wait_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.01)


def hold(number: int, parameters: dict[str, Any]) -> None:
    wait_for(parameters["file"])
    send({"id": number, "result": "held"})


def carry_out(  # noqa: PLR0912 - a list of cases
    number: int, operation: str, parameters: dict[str, Any]
) -> None:
    result = {"id": number, "result": parameters}
    match operation:
        case "echo":
            send(result)
        case "hold":
            Thread(target=hold, args=(number, parameters), daemon=True).start()
        case "hang":
            child = subprocess.Popen(["sleep", "600"])
            if "file" in parameters:
                Path(parameters["file"]).write_text(f"{child.pid}", encoding="ascii")
            Event().wait()
        case "crash":
            write(json.dumps(result)[:9])
            os.write(2, f"terminate called: key = {SECRET}\n".encode())
            os._exit(7)
        case "crash-once":
            if Path(parameters["file"]).exists():
                send(result)
            else:
                Path(parameters["file"]).touch()
                os._exit(7)
        case "halves":
            text = json.dumps(result)
            write(text[:9])
            time.sleep(0.05)
            write(text[9:] + "\n")
        case "junk":
            write("Last login: today\n[1, 2]\n\nnull\n\x1b[31m\n")
            os.write(1, b"\xff\xfe\n")
            send({"id": 999_999, "result": "nobody asked"})
            send({"id": None, "error": {"kind": "invalid", "message": "what?"}})
            send({"id": number, "neither": 1})
            send(result)
            send(result)
        case "big":
            send({"id": number, "result": "x" * (3 << 20)})
        case "endless":
            write("x" * (9 << 20))
            Event().wait()
        case "parts":
            for start in range(parameters["count"]):
                time.sleep(parameters["pause"])
                send({"id": number, "progress": {"done": start, "total": parameters["count"]}})
                send({"id": number, "part": [start]})
            send({"id": number, "result": {}})
        case "part-then-crash":
            send({"id": number, "part": [{"name": "first"}]})
            os._exit(7)
        case "refuse":
            error = {"kind": parameters["kind"], "message": parameters["message"]}
            send({"id": number, "error": error})
        case _:
            send(result)


def serve(start: str) -> None:
    if start == "dies":
        os.write(2, f"podman: no such container; secret={SECRET}\n".encode())
        sys.exit(3)
    if start == "silent":
        Event().wait()
    if start == "noisy":
        write("Welcome to dcn0-hci-0\r\n")
    send(
        {"hello": {"protocol": 0 if start == "old" else 1, "agent": "scripted", "pid": os.getpid()}}
    )
    for line in sys.stdin:
        request = json.loads(line)
        if request["operation"] == "connect" and start == "connect-hangs":
            Event().wait()
        elif request["operation"] == "connect" and start == "connect-refuses":
            carry_out(request["id"], "refuse", {"kind": "keyring", "message": "no keyring"})
        else:
            operation = "echo" if request["operation"] == "connect" else request["operation"]
            carry_out(request["id"], operation, request.get("parameters", {}))


if __name__ == "__main__":
    serve(sys.argv[1])
