"""The server: for this machine and who has the address alone, with clear errors."""

import base64
import http.client
import importlib.util
import json
import socket

import pytest


def status(host, path, **headers):
    return answered(host, path, **headers)[:2]


def answered(host, path, **headers):
    connection = http.client.HTTPConnection(host, timeout=300)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def test_without_panel_the_extra_is_named(cli, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "panel" else found(name, *a)
    )
    code, out, err = cli("explore", "--budget", "100M")
    assert (code, out) == (2, "")
    assert err == (
        "error: explore needs panel, which is not installed; pip install -e '.[explore]' "
        "in the project's own folder"
    )


@pytest.mark.usefixtures("panel")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--port", "70000"), "--port 70000 is no port"),
        (("--budget", "100 GW"), "budget"),
        (("--scenario", "nowhere"), "scenario 'nowhere' is unknown"),
        (("--against", "nowhere"), "scenario 'nowhere' is unknown"),
        (("--budget", "1B", "--gpus", "25k", "--training-time", "80day"), "hourly_rate"),
        (("--draws", "0"), "draws"),
        (("--prob", "2"), "between 0 and 1"),
        (("--session", "nowhere.toml"), "--session nowhere.toml cannot be read"),
        (("--session", "http://127.0.0.1:1/x/#eNpL"), "cut short or altered"),
        (("--session", __file__), "session.toml:1 not valid TOML"),
    ],
)
def test_what_cannot_be_begun_with_is_told_before_a_page_is_served(cli, arguments, told):
    code, out, err = cli("explore", "--no-browser", *arguments)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.usefixtures("panel")
def test_a_port_in_use_is_told(cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = cli("explore", "--no-browser", "--port", port)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: --port {port}: cannot be had on 127.0.0.1 (")


GOOD = {"session_id": "a", "session_expiry": 10**12}


def a_token(payload):
    """Return what Bokeh takes for a session's token."""
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")


@pytest.mark.slow
def test_who_calls_this_machine_by_another_name_is_refused(served):
    """A name of an attacker's that leads here makes their page one origin with this one."""
    host, token = served[0].split("/")[2:4]
    port = host.split(":")[1]
    for name in (
        "evil.example",
        f"evil.example:{port}",
        f"evil{host}",
        "127.0.0.1",
        f"0.0.0.0:{port}",
    ):
        for path in (f"/{token}/", f"/{token}/static/js/bokeh.min.js", f"/{token}/ws"):
            code, text = status(host, path, Host=name)
            assert code == 403, (name, path)
            assert token.encode() not in text
    assert status(host, f"/{token}/", Host=host)[0] == 200
    for name in (f"localhost:{port}", f"[::1]:{port}"):
        code, _, headers = answered(host, f"/{token}/?a=b", Host=name)
        assert (code, headers["Location"]) == (302, f"http://{host}/{token}/?a=b")


@pytest.mark.slow
def test_only_who_has_the_address_is_served(served):
    host, token = served[0].split("/")[2:4]
    port = int(host.split(":")[1])
    assert status(host, f"/{token}/static/js/bokeh.min.js")[0] == 200
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in ("", "index.html", "ws", "static/js/bokeh.min.js", "favicon.ico"):
        for start in ("/", f"/{wrong}/", f"//{token}/"):
            code, text = status(host, start + path)
            assert code == 404, start + path
            assert token.encode() not in text
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for origin in ("http://evil.example", f"http://localhost:{port}", "null"):
        code, _ = status(host, f"/{token}/ws", Origin=origin, **handshake)
        assert code == 403, origin
    for protocol in (  # no token, and tokens that no page has
        {},
        {"Sec-WebSocket-Protocol": "bokeh"},
        {"Sec-WebSocket-Protocol": "bokeh, stranger"},
        {"Sec-WebSocket-Protocol": f"bokeh, {a_token({'session_id': 'a'})}"},
        {"Sec-WebSocket-Protocol": f"bokeh, {a_token({'session_id': 'a', 'session_expiry': 1})}"},
        {"Sec-WebSocket-Protocol": f"bokeh, {a_token({'session_id': 1, 'session_expiry': 1e12})}"},
        {"Sec-WebSocket-Protocol": f"other, {a_token(GOOD)}"},
    ):
        code, _ = status(host, f"/{token}/ws", Origin=f"http://{host}", **handshake, **protocol)
        assert code == 403, protocol
    with pytest.raises(ConnectionRefusedError):  # another of this machine's addresses
        socket.create_connection(("127.0.0.2", port), timeout=300)
