"""Who is let in to the server: callers of its own address, and websockets that belong to a page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bokeh.util.token import get_session_id, get_token_payload
from tornado.routing import Matcher, Rule
from tornado.web import ErrorHandler, RedirectHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado.httputil import HTTPServerRequest


class _Those(Matcher):  # type: ignore[misc]
    """The requests of which a function says so."""

    def __init__(self, belongs: Callable[[HTTPServerRequest], bool]) -> None:
        self._belongs = belongs

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return the arguments of the handler: where the request leads."""
        return {"path_args": [request.path]} if self._belongs(request) else None


def guard(server: Any, address: str) -> None:
    """Let only requests through that are made to an address, and websockets with a page's token.

    Parameters
    ----------
    server
        As Panel makes it.
    address
        Host and port that it is served at. Its other names on this machine lead to it.

    Notes
    -----
    A name that an attacker owns can be made to lead to 127.0.0.1, and a browser then takes the page
    for one of theirs. The Host header tells them apart.
    """
    port = address.rpartition(":")[2]
    other_names = {f"localhost:{port}", f"[::1]:{port}"}
    refuse = {"status_code": 403}
    server._tornado.default_router.rules[:0] = [  # noqa: SLF001 (Panel has no door for it)
        Rule(
            _Those(lambda one: one.host.lower() in other_names),
            RedirectHandler,
            {"url": f"http://{address}{{}}", "permanent": False},
        ),
        Rule(_Those(lambda one: one.host != address), ErrorHandler, refuse),
        Rule(_Those(_is_stray_socket), ErrorHandler, refuse),
    ]


def _is_stray_socket(request: HTTPServerRequest) -> bool:
    """Tell whether a websocket belongs to no page, or to one that was opened too long ago."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return False
    spoken, _, token = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")
    try:
        session, expiry = (
            get_session_id(token.strip()),
            get_token_payload(token.strip())["session_expiry"],
        )
        belongs = isinstance(session, str) and time.time() < expiry
    except Exception:  # noqa: BLE001 (whatever is wrong with what a stranger sends)
        belongs = False
    return spoken.strip() != "bokeh" or not belongs
