"""The few HTTP requests with which the lab fills its own cloud, as the admin."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from dcn_lab.errors import LabError

REQUEST_SECONDS = 240
DOMAIN = "default"
"""Id of the domain that Keystone's bootstrap makes."""


def admin_token(url: str, password: str) -> str:
    """Return a token of the admin in the project admin."""
    domain = {"id": DOMAIN}
    user = {"name": "admin", "domain": domain, "password": password}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "admin", "domain": domain}},
        }
    }
    _, headers = request("POST", f"{url}/auth/tokens", None, body)
    return headers["X-Subject-Token"]


def request(
    method: str,
    url: str,
    token: str | None,
    body: object = None,
    extra_headers: Mapping[str, str] | None = None,
) -> tuple[Any, Mapping[str, str]]:
    """Send one request and return decoded body and headers; raise LabError on any failure."""
    headers = {"Content-Type": "application/json", "Connection": "close", **(extra_headers or {})}
    if token is not None:
        headers["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(asked, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if text else None, answer.headers
    except urllib.error.HTTPError as error:
        raise LabError(f"{method} {url}: {error.code} {error.reason}") from error
    except OSError as error:
        raise LabError(f"{method} {url}: {error}") from error
