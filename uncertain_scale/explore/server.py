"""The server of the page: for this machine alone, and for who has the address alone."""

from __future__ import annotations

import importlib.util
import logging
import secrets
import signal
import socket
import tempfile
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import PageError, how_to_install

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tornado.httputil import HTTPServerRequest

    from uncertain_scale.explore.explorer import Explorer

HOST = "127.0.0.1"
_TOKEN_BYTES = 24
_REDIRECT = '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={url}">'


def check_panel() -> None:
    """Refuse to begin where what serves the page is not installed.

    Raises
    ------
    PageError
        Panel is not installed.
    """
    if importlib.util.find_spec("panel") is None:
        raise PageError(f"explore needs panel, which is not installed; {how_to_install('explore')}")


def serve(
    explorer: Callable[[], Explorer],
    scenarios: Sequence[str],
    *,
    port: int = 0,
    browser: bool = True,
    announce: Callable[[str], object],
) -> None:
    """Serve the page until the program is interrupted.

    Parameters
    ----------
    explorer
        Makes what answers, for each visitor.
    scenarios
        Names of the scenarios that can be chosen.
    port
        Where; any free one for 0.
    browser
        Whether to open the page.
    announce
        Called with the page's address once it is served.

    Raises
    ------
    PageError
        Panel is not installed, or the port cannot be had.

    Notes
    -----
    The address holds a random token: all paths, the websocket's among them, begin with it, and the
    server knows no others. Websockets are refused to pages of other origins, and everything to who
    calls this machine by another name, as a page does whose name was made to lead here.
    """
    check_panel()
    port = port or _free_port()
    _refuse_taken(port)
    from bokeh.settings import settings

    address = f"{HOST}:{port}"
    # Whatever the environment says: nothing comes from elsewhere, and nobody else is let in.
    settings.resources = "server"
    settings.allowed_ws_origin = [address]
    import panel as pn

    from uncertain_scale.explore.page import make_page

    for name in ("tornado.access", "bokeh"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in ("bokeh.server.views.ws", "asyncio"):  # who is not let in, or leaves in the middle
        logging.getLogger(name).setLevel(logging.CRITICAL)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    pn.extension(design="native", notifications=False)

    def page() -> Any:
        return make_page(explorer(), scenarios, f"ws://{address}", folder)

    try:
        server = pn.io.server.get_server(
            {"/": page},
            port=port,
            address=HOST,
            prefix=token,
            websocket_origin=[address],
            location=False,
            verbose=False,
            start=False,
            title="uncertain-scale: explore",
            ico_path="none",  # which would be served to everybody
        )
    except OSError as error:
        raise PageError(_taken(port, error)) from error
    _guard(server, address)
    url = f"http://{address}/{token}/"
    server.start()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: server.io_loop.add_callback_from_signal(server.io_loop.stop))
    announce(url)
    with tempfile.TemporaryDirectory(prefix="uncertain-scale-") as place:
        folder = Path(place)
        if browser:
            _open(url, folder)
        server.io_loop.start()
    server.stop()


def _guard(server: Any, address: str) -> None:
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
    for one of theirs. The Host header distinguishes them.
    """
    from tornado.routing import Matcher, Rule
    from tornado.web import ErrorHandler, RedirectHandler

    class Those(Matcher):  # type: ignore[misc]
        """The requests of which a function says so."""

        def __init__(self, belongs: Callable[[HTTPServerRequest], bool]) -> None:
            self._belongs = belongs

        def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
            """Return the arguments of the handler: where the request leads."""
            return {"path_args": [request.path]} if self._belongs(request) else None

    port = address.rpartition(":")[2]
    other_names = {f"localhost:{port}", f"[::1]:{port}"}
    refuse = {"status_code": 403}
    server._tornado.default_router.rules[:0] = [  # noqa: SLF001 (Panel has no door for it)
        Rule(
            Those(lambda one: one.host.lower() in other_names),
            RedirectHandler,
            {"url": f"http://{address}{{}}", "permanent": False},
        ),
        Rule(Those(lambda one: one.host != address), ErrorHandler, refuse),
        Rule(Those(_is_stray_socket), ErrorHandler, refuse),
    ]


def _is_stray_socket(request: HTTPServerRequest) -> bool:
    """Say whether a websocket belongs to no page, or to one that was opened too long ago."""
    from bokeh.util.token import get_session_id, get_token_payload

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


def _open(url: str, folder: Path) -> None:
    """Open the page by a file that only this user can read: command lines are seen by all."""
    file = folder / "explore.html"
    file.write_text(_REDIRECT.format(url=url), encoding="utf-8")
    webbrowser.open(file.as_uri())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _refuse_taken(port: int) -> None:
    """Refuse a port that cannot be had, before anything is loaded."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PageError(_taken(port, error)) from error


def _taken(port: int, error: OSError) -> str:
    return (
        f"--port {port}: cannot be had on {HOST} ({error.strerror}); end what uses it, choose "
        "another, or leave the option out for any free one"
    )
