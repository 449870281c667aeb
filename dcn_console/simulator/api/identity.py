"""Keystone v3: version discovery, tokens with a catalogue, and what clients look up by name.

Source: Keystone API ref v3 (Authentication and token management, Projects, Users, Roles).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.catalogue import catalogue, endpoints, services
from dcn_console.simulator.api.exchange import (
    base_url,
    caller,
    engine_of,
    json_body,
    json_reply,
)
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import ProjectRecord, UserRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.times import micro_zulu
from dcn_console.simulator.tokens import LIFETIME_SECONDS, Identity, TokenNote, identity

DOMAIN = {"id": "default", "name": "Default"}
ROLES = ("admin", "member", "reader", "service")
_WRONG = "The request you have made requires authentication."


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url(request)}/identity/v3/"}],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }
        ],
    }


async def versions(request: Request) -> Response:
    """List the API's versions."""
    return json_reply({"versions": {"values": [_version(request)]}}, 300)


async def version(request: Request) -> Response:
    """Describe version 3."""
    return json_reply({"version": _version(request)})


async def issue_token(request: Request) -> Response:
    """Give a token for a password or another token."""
    engine = engine_of(request)
    deployment = engine.world.deployment
    body = await json_body(request)
    asked = body.get("auth") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, "'auth' is a required property")
    known = asked.get("identity") or {}
    methods = known.get("methods") or []
    if "password" in methods:
        user = _by_password(deployment, (known.get("password") or {}).get("user") or {})
    elif "token" in methods:
        user = _by_token(request, (known.get("token") or {}).get("id") or "")
    else:
        raise Refusal(401, "Attempted to authenticate with an unsupported method.")
    project = _scope(deployment, user, asked.get("scope"))
    now = engine.clock.now()
    note = TokenNote(
        user_id=user.id,
        project_id=project.id if project else "",
        issued_at=now,
        expires_at=now + LIFETIME_SECONDS,
        audit_id=engine.world.new_identifier("token"),
    )
    content = _token(request, Identity(user=user, project=project), note)
    headers = {"X-Subject-Token": engine.tokens.issue(note), "Vary": "X-Auth-Token"}
    return json_reply(content, 201, headers)


def _by_password(deployment: Deployment, asked: dict[str, Any]) -> UserRecord:
    domain = asked.get("domain") or DOMAIN
    user = deployment.user(str(asked.get("id") or asked.get("name") or ""))
    is_known_domain = domain.get("id") == DOMAIN["id"] or domain.get("name") == DOMAIN["name"]
    if user is None or not is_known_domain or asked.get("password") != user.password:
        raise Refusal(401, _WRONG)
    return user


def _by_token(request: Request, token: str) -> UserRecord:
    engine = engine_of(request)
    note = engine.tokens.read(token, engine.clock.now())
    user = engine.world.deployment.user(note.user_id) if note else None
    if user is None:
        raise Refusal(401, _WRONG)
    return user


def _scope(deployment: Deployment, user: UserRecord, scope: Any) -> ProjectRecord | None:
    if scope == "unscoped" or (isinstance(scope, dict) and "unscoped" in scope):
        return None
    if not isinstance(scope, dict) or "project" not in scope:
        return deployment.project(user.default_project_id)
    asked = scope["project"] or {}
    project = deployment.project(str(asked.get("id") or asked.get("name") or ""))
    if project is None or not user.roles.get(project.id):
        raise Refusal(401, _WRONG)
    return project


def _token(request: Request, who: Identity, note: TokenNote) -> dict[str, Any]:
    token: dict[str, Any] = {
        "methods": ["password"],
        "user": {
            "domain": DOMAIN,
            "id": who.user.id,
            "name": who.user.name,
            "password_expires_at": None,
        },
        "audit_ids": [note.audit_id],
        "issued_at": micro_zulu(note.issued_at),
        "expires_at": micro_zulu(note.expires_at),
    }
    if who.project is not None:
        deployment = engine_of(request).world.deployment
        token |= {
            "project": {"domain": DOMAIN, "id": who.project.id, "name": who.project.name},
            "is_domain": False,
            "roles": [_role(deployment, name) for name in who.roles],
            "catalog": catalogue(deployment, base_url(request), who.project.id),
        }
    return {"token": token}


def _role(deployment: Deployment, name: str) -> dict[str, Any]:
    return {"id": Dice(deployment.seed).hex_identifier(f"role/{name}"), "name": name}


def _subject(request: Request) -> tuple[Identity, TokenNote]:
    caller(request)
    engine = engine_of(request)
    note = engine.tokens.read(request.headers.get("x-subject-token", ""), engine.clock.now())
    known = identity(engine.world.deployment, note) if note else None
    if note is None or known is None:
        raise Refusal(404, "Could not find token.")
    return known, note


async def show_token(request: Request) -> Response:
    """Describe a token."""
    who, note = _subject(request)
    return json_reply(_token(request, who, note))


async def revoke_token(request: Request) -> Response:
    """Revoke a token."""
    _, note = _subject(request)
    engine_of(request).tokens.revoke(note)
    return Response(status_code=204)


async def show_catalogue(request: Request) -> Response:
    """Show the caller's catalogue."""
    who = caller(request)
    deployment = engine_of(request).world.deployment
    return json_reply({"catalog": catalogue(deployment, base_url(request), who.project_id)})


def _project_view(project: ProjectRecord) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": "default",
        "parent_id": "default",
        "description": "",
        "enabled": True,
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {},
    }


def _user_view(user: UserRecord) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "domain_id": "default",
        "default_project_id": user.default_project_id,
        "enabled": True,
        "password_expires_at": None,
        "options": {},
        "links": {},
    }


def _collection(request: Request, key: str, items: list[dict[str, Any]]) -> Response:
    name = request.query_params.get("name")
    chosen = [item for item in items if name is None or item.get("name") == name]
    links = {"self": str(request.url), "next": None, "previous": None}
    return json_reply({key: chosen, "links": links})


def _one(key: str, items: list[dict[str, Any]], identifier: str) -> Response:
    for item in items:
        if item["id"] == identifier:
            return json_reply({key: item})
    raise Refusal(404, f"Could not find {key}: {identifier}.")


async def projects(request: Request) -> Response:
    """List the projects the caller may see: all for an administrator, else the own ones."""
    who = caller(request)
    known = engine_of(request).world.deployment.projects
    is_personal = request.url.path.endswith("/auth/projects") or not who.is_admin
    chosen = [item for item in known if not is_personal or item.id in who.user.roles]
    views = [_project_view(project) for project in chosen]
    if "project_id" in request.path_params:
        return _one("project", views, request.path_params["project_id"])
    return _collection(request, "projects", views)


async def users(request: Request) -> Response:
    """List users, or show one; other users only to administrators."""
    who = caller(request)
    known = engine_of(request).world.deployment.users
    views = [_user_view(user) for user in known if who.is_admin or user.id == who.user.id]
    if "user_id" in request.path_params:
        return _one("user", views, request.path_params["user_id"])
    return _collection(request, "users", views)


async def roles(request: Request) -> Response:
    """List the roles."""
    caller(request)
    deployment = engine_of(request).world.deployment
    return _collection(request, "roles", [_role(deployment, name) for name in ROLES])


async def domains(request: Request) -> Response:
    """List the one domain, or show it."""
    caller(request)
    views = [{**DOMAIN, "enabled": True, "description": "", "links": {}}]
    if "domain_id" in request.path_params:
        return _one("domain", views, request.path_params["domain_id"])
    return _collection(request, "domains", views)


async def list_services(request: Request) -> Response:
    """List the services."""
    caller(request)
    return _collection(request, "services", services(engine_of(request).world.deployment))


async def list_endpoints(request: Request) -> Response:
    """List the endpoints."""
    caller(request)
    deployment = engine_of(request).world.deployment
    return _collection(request, "endpoints", endpoints(deployment, base_url(request)))


ROUTES = [
    Route("/", versions),
    Route("/v3", version),
    Route("/v3/", version),
    Route("/v3/auth/tokens", issue_token, methods=["POST"]),
    Route("/v3/auth/tokens", show_token, methods=["GET", "HEAD"]),
    Route("/v3/auth/tokens", revoke_token, methods=["DELETE"]),
    Route("/v3/auth/catalog", show_catalogue),
    Route("/v3/auth/projects", projects),
    Route("/v3/projects", projects),
    Route("/v3/projects/{project_id}", projects),
    Route("/v3/users", users),
    Route("/v3/users/{user_id}", users),
    Route("/v3/roles", roles),
    Route("/v3/domains", domains),
    Route("/v3/domains/{domain_id}", domains),
    Route("/v3/services", list_services),
    Route("/v3/endpoints", list_endpoints),
]
