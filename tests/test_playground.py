"""The playground without a browser: states, networks, scripts, what is refused."""

import contextlib
import http.client
import json
import re
import socket
import struct
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from kerasish.playground import Server, Session, parse, serve, server, state
from kerasish.playground.training import BIAS, COARSE, FINE, features
from kerasish.training import sharing

pytestmark = [
    pytest.mark.usefixtures("quick_compilation"),
    pytest.mark.filterwarnings("ignore:The loss is"),
]

# --- states ---------------------------------------------------------------------------


def test_a_state_is_its_defaults_and_what_was_given():
    assert parse({}) == {name: field.default for name, field in state.FIELDS.items()}
    found = parse({"layers": "", "features": "sinx2,x1", "seed": "999999"})
    assert (found.layers, found.features) == ([], ["sinx2", "x1"])
    assert parse(found) == found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "object of texts"),
        ({"nois": "5"}, "'nois'. Did you mean `noise`?"),
        ({"noise": 5}, "`noise` must be a text"),
        ({"noise": "7"}, "`noise` must be one of 0, 5, 10"),
        ({"rate": "nan"}, "`rate`"),
        ({"rate": "0.030"}, "`rate`"),
        ({"layers": "4,9"}, "`layers` must be one of 1, 2"),
        ({"layers": "1,1,1,1,1,1,1"}, "`layers` must have 0 to 6 items"),
        ({"layers": "4,"}, "`layers`"),
        ({"features": ""}, "`features` must have 1 to 7 items"),
        ({"features": "x1,x1"}, "`features` names something twice"),
        ({"features": "__import__"}, "`features` must be one of x1"),
        ({"seed": "1000000"}, "`seed` must be one of the integers from 0 to 999999"),
        ({"seed": "-1"}, "`seed`"),
        ({"seed": "٣"}, "`seed`"),
        ({"seed": "007"}, "`seed`"),
        ({"seed": "9" * 5000}, "`seed` must be a text of at most 80"),
        ({"data": "../spiral"}, "`data` must be one of circle"),
    ],
)
def test_a_state_that_is_not_in_the_table_names_the_field(given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse(given)


# --- networks and their scripts -------------------------------------------------------


def weights(model):
    return [w.numpy() for layer in model.layers for w in (layer.kernel, layer.bias)]


def change(session, **given):
    return session.change(parse({**session.state, **given}))


def with_all_changes(session):
    session.edit(0, BIAS, 1, -0.25)
    session.train(2)
    session.train(1)
    session.edit(1, 2, 1, 1.5)
    assert change(session, rate="0.1", strength="0.01", batch="30", tests="1")
    session.train(3)


def plainly(session):
    session.train(2)


CASES = {
    "circle": ({"penalty": "l2", "features": ",".join(state.FEATURES)}, None),
    "xor": ({"penalty": "l1", "strength": "0.1", "optimizer": "momentum"}, plainly),
    "gauss": ({"layers": "1", "optimizer": "rmsprop", "noise": "50"}, plainly),
    "spiral": ({"layers": "2", "activation": "relu", "seed": "7"}, plainly),
    "plane": ({"layers": "", "train": "90", "rate": "0.01"}, plainly),
    "bumps": ({"layers": "2,1", "optimizer": "adam", "batch": "1"}, None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_script_makes_the_same_numbers(name, capsys):
    given, act = CASES[name]
    session = Session(parse({"layers": "4,2", **given, "data": name}))
    if name == "bumps":
        session.edit(0, 0, 0, 2.0)  # nothing was trained
    else:
        (act or with_all_changes)(session)
    made = {}
    exec(session.script(), made)
    for ours, theirs in zip(
        weights(session.model), weights(made["model"]), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    printed = re.findall(r"loss (\S+)", capsys.readouterr().out)
    shown = session.picture()[0]["losses"]
    np.testing.assert_allclose(np.float64(printed), shown, rtol=1e-4, atol=1e-5)


def test_the_script_names_only_what_was_done():
    session = Session(parse({"layers": "1", "strength": "1"}))
    change(session, strength="3")  # of no penalty
    change(session, rate="1")
    change(session, rate="10")
    text = session.script()
    assert "strength" not in text and "regularizer" not in text and "edit" not in text
    assert text.count("learning_rate") == 1 and "learning_rate = 10.0" in text
    assert "0 epochs" in text and "fit(" not in text


def test_too_many_changes_are_refused(monkeypatch):
    monkeypatch.setattr("kerasish.playground.training.MOST_EVENTS", 2)
    session = Session(parse({"layers": ""}))
    session.edit(0, 0, 0, 1.0)
    session.edit(0, 0, 0, 2.0)
    with pytest.raises(ValueError, match="reset"):
        session.edit(0, 0, 0, 3.0)


def test_rates_edits_and_a_new_start_compile_nothing():
    sharing.forget()
    for _ in range(2):
        session = Session(parse({"layers": "2", "penalty": "l2"}))
        session.train(1)
        change(session, rate="1", strength="10")
        session.edit(0, 0, 0, 1.0)
        session.train(1)
    (program,) = sharing._kept.values()
    assert program._run._cache_size() == 1
    assert not change(session, penalty="l1") and not change(session, layers="3")
    assert session.state["penalty"] == "l2"  # as it was


def test_the_strength_of_the_penalty_counts():
    sums = []
    for strength in ("0", "10"):
        session = Session(parse({"layers": "2", "penalty": "l2"}))
        change(session, strength=strength)
        session.train(1)
        sums.append(sum(np.square(w).sum() for w in weights(session.model)[::2]))
    assert sums[1] < 0.5 * sums[0]


def test_maps_show_what_the_weights_say():
    session = Session(parse({"layers": ""}))
    session.edit(0, 0, 0, 100.0)  # x1
    session.edit(0, 1, 0, 0.0)
    numbers, maps = session.picture()
    plane = np.frombuffer(maps, "uint8").reshape(FINE, FINE)
    assert (plane[:, : FINE // 2] == 0).all() and (plane[:, FINE // 2 :] == 254).all()
    assert numbers["kernels"] == [[[100.0], [0.0]]] and numbers["biases"] == [[0.0]]
    session.edit(0, 0, 0, 0.0)
    session.edit(0, 1, 0, 0.5)  # x2 grows upwards
    column = np.frombuffer(session.picture()[1], "uint8").reshape(FINE, FINE)[:, 0]
    assert (np.diff(column.astype(int)) < 0).any() and column[0] > 200 > 50 > column[-1]
    session.edit(0, 1, 0, 0.0)
    assert set(session.picture()[1]) == {127}
    assert session.picture()[0]["losses"] == pytest.approx([np.log(2)] * 2)


@pytest.mark.parametrize(
    "place", [(2, 0, 0), (-1, 0, 0), (0, 2, 0), (0, 0, 4), (0, -2, 0)]
)
def test_a_weight_that_is_not_there_is_named(place):
    session = Session(parse({"layers": "4"}))
    with pytest.raises(ValueError, match=f"`layer` {place[0]}"):
        session.edit(*place, 1.0)


@pytest.mark.parametrize("number", range(len(state.ACTIVATIONS)))
def test_each_set_and_activation_is_seen(number):
    name = state.SETS[number % len(state.SETS)]
    given = {"data": name, "activation": state.ACTIVATIONS[number], "layers": "3,2"}
    session = Session(parse(given))
    numbers, maps = session.picture()
    assert len(maps) == 5 * COARSE**2 + FINE**2 and max(maps) <= 254
    assert all(0 < loss < 10 for loss in numbers["losses"])
    scene, features_seen = session.scene()
    train, test = (np.array(rows) for rows in scene["points"])
    assert train.shape == test.shape == (250, 3) and np.abs(train[:, 2]).max() <= 1
    assert len(features_seen) == len(state.FEATURES) * COARSE**2


def test_features_are_what_their_names_say():
    x = np.array([[2.0, -3.0]], "float32")
    expected = [2, -3, 4, 9, -6, np.sin(2), np.sin(-3)]
    found = features(list(state.FEATURES), x)
    np.testing.assert_allclose(found, [expected], rtol=1e-6)
    assert found.dtype == np.float32


# --- the server -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def running():
    with Server(0) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@contextlib.contextmanager
def asked(made, method="POST", path="/act", body="{}", **headers):
    """Ask as a page would, but for the given headers; None leaves one out."""
    host = f"127.0.0.1:{made.server_port}"
    sent = {"Host": host, "X-Token": made.token, "Content-Type": "application/json"}
    if method == "POST":
        sent |= {"Origin": f"http://{host}", "Content-Length": str(len(body))}
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    line = http.client.HTTPConnection(host, timeout=20)
    try:
        line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for key, value in sent.items():
            if value is not None:
                line.putheader(key, value)
        line.endheaders(body.encode() if method == "POST" else None)
        with line.getresponse() as answer:
            yield answer
    finally:
        line.close()


HOSTILE = [
    ("a rebound name", 421, {"Host": "evil.example:80"}),
    ("no name", 421, {"Host": None}),
    ("another port's page", 403, {"Origin": "http://127.0.0.1:1"}),
    ("another site's page", 403, {"Origin": "https://evil.example"}),
    ("a page without origin", 403, {"Origin": "null"}),
    ("no origin", 403, {"Origin": None}),
    ("another site, as the browser says", 403, {"Sec_Fetch_Site": "cross-site"}),
    ("no token", 403, {"X_Token": None}),
    ("a wrong token", 403, {"X_Token": "x" * 22}),
    ("a token beyond ASCII", 403, {"X_Token": "\xe9"}),
    ("a form's type", 415, {"Content_Type": "text/plain"}),
    ("no length", 411, {"Content_Length": None}),
    ("a length that is none", 411, {"Content_Length": "-1"}),
    ("pieces", 411, {"Transfer_Encoding": "chunked"}),
    ("much", 413, {"Content_Length": "4097"}),
    ("very much", 413, {"Content_Length": "9" * 99}),
    ("no JSON", 400, {"body": "{"}),
    ("deep JSON", 400, {"body": "[" * 4000}),
    ("a long number", 400, {"body": "9" * 4000}),
    ("no object", 400, {"body": "[]"}),
    ("no action", 400, {"body": "{}"}),
    ("another action", 400, {"body": '{"do": "__init__"}'}),
    ("no state", 400, {"body": '{"do": "set"}'}),
    ("no such page", 410, {"body": '{"do": "play", "stream": "x"}'}),
    ("no such address", 404, {"path": "/../server.py"}),
    ("a bad state", 400, {"path": "/stream", "body": '{"noise": "1"}'}),
    ("another method", 501, {"method": "PUT"}),
    ("the page without its token", 403, {"method": "GET", "path": "/"}),
    ("the page, the name rebound", 421, {"method": "GET", "path": "/", "Host": "a.b"}),
    ("a file", 404, {"method": "GET", "path": "/page.html"}),
    ("a path upwards", 404, {"method": "GET", "path": "/../training.py"}),
    ("a path that is none", 400, {"method": "GET", "path": "http://[x"}),
]


@pytest.mark.parametrize(
    ("status", "how"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE]
)
def test_what_is_hostile_is_refused(running, status, how):
    with asked(running, **how) as answer:
        text = answer.read().decode()
        assert answer.status == status, text
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert running.token not in text and "Traceback" not in text
    assert not running._streams


@pytest.mark.parametrize(
    "wish",
    [
        *({"value": value} for value in ("1", None, True, 101, -1e9, [1])),
        {"layer": 1.0},
        {"row": "0"},
        {"column": 10},
        {"column": True},
    ],
)
def test_an_edit_is_bounded(running, wish):
    given = {"do": "edit", "layer": 0, "row": 0, "column": 0, "value": 1.0, **wish}
    with asked(running, body=json.dumps(given)) as answer:
        assert (
            answer.status == 400 and f"`{next(iter(wish))}`" in answer.read().decode()
        )
    with asked(running, body=json.dumps(given)[:-1] + ', "value": NaN}') as answer:
        assert answer.status == 400


def test_files_are_served_strictly(running):
    page = running.address.split("/", 3)[3]
    for path, kind in ((page, "html"), ("page.js", "javascript"), ("page.css", "css")):
        with asked(running, "GET", f"/{path}", X_Token=None) as answer:
            assert answer.status == 200 and kind in answer.headers["Content-Type"]
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            text = answer.read().decode()
            assert "//" not in text.replace("// ", "").replace('"http://www.w3', "")
            assert "innerHTML" not in text and "eval(" not in text
    assert running.server_address[0] == "127.0.0.1"


class Page:
    """Reads a stream and keeps what it says."""

    def __init__(self, made, answer):
        self.made, self.answer, self.maps = made, answer, b""
        self.name = self.next()["stream"]

    def next(self):
        text, maps = struct.unpack("<II", self.answer.read(8))
        record = json.loads(self.answer.read(text))
        self.maps = self.answer.read(maps)
        return record

    def until(self, key):
        for _ in range(200):
            if key in (record := self.next()):
                return record
        raise AssertionError(key)

    def act(self, action, **more):
        wish = {"do": action, "stream": self.name, **more}
        with asked(self.made, body=json.dumps(wish)) as answer:
            assert answer.status == 200, answer.read()


@contextlib.contextmanager
def page(made, **given):
    with asked(made, path="/stream", body=json.dumps(given)) as answer:
        assert answer.status == 200
        yield Page(made, answer)
    due = time.monotonic() + 10  # the network goes with its page
    while made._streams and time.monotonic() < due:
        time.sleep(0.01)
    assert not made._streams


def test_a_page_trains_and_gets_what_it_wishes(running, monkeypatch):
    monkeypatch.setattr(server, "BEAT", 0.05)
    with page(running, layers="2", data="gauss", seed="3") as seen:
        assert seen.until("scene")["state"]["seed"] == "3"
        first = seen.until("epoch")
        assert first["epoch"] == 0 and len(seen.maps) == 2 * COARSE**2 + FINE**2
        seen.act("step")
        assert "Compiling" in seen.until("busy")["busy"]
        assert seen.until("epoch")["epoch"] == 1
        seen.act("edit", layer=1, row=1, column=0, value=-2)
        assert seen.until("epoch")["kernels"][1][1] == [-2.0]
        seen.act("edit", layer=7, row=1, column=0, value=-2)
        assert "`layer` 7" in seen.until("error")["error"]
        seen.act(
            "set", state={**parse({}), **first.get("state", {}), "layers": "9"[:0]}
        )
        assert len(seen.until("scene")["scene"]["points"][0]) == 250
        seen.act("play")
        epochs = [seen.until("epoch")["epoch"] for _ in range(6)]
        assert epochs == sorted(epochs) and epochs[-1] >= 4
        seen.act("script")
        count = re.search(r"epochs=(\d+)", seen.until("script")["script"])
        last = seen.until("epoch")
        assert last["epoch"] == int(count[1]) and not last["playing"]
        seen.act("reset")
        assert seen.until("epoch")["epoch"] == 0
        assert seen.next() == {}  # it looks whether somebody is there


def test_a_loss_that_is_no_number_is_told_and_ends_the_play(running):
    given = {"layers": "", "data": "plane", "features": "x1x1,x2x2", "rate": "10"}
    with page(running, **given, speed="30") as seen:
        seen.act("play")
        record = seen.until("error")
        assert "smaller learning rate" in record["error"] and not record["playing"]
        assert record["losses"] == [None, None]


def test_pages_and_connections_are_counted(running, monkeypatch):
    monkeypatch.setattr(server, "MOST_STREAMS", 1)
    monkeypatch.setattr(server, "MOST_WISHES", 1)
    with page(running, layers=""):
        with asked(running, path="/stream") as answer:
            assert answer.status == 503 and b"close one" in answer.read()
        # also where the thread of the request before still gives its place back
        full = SimpleNamespace(acquire=lambda blocking: False, release=lambda: None)
        monkeypatch.setattr(running, "_free", full)
        with pytest.raises((http.client.BadStatusLine, OSError)), asked(running):
            pass
        monkeypatch.undo()


def test_too_many_wishes_wait(running):
    stream = server.Stream(threading.Event())
    for _ in range(server.MOST_WISHES):
        stream.wishes.put({"do": "step"})
    running._streams["full"] = stream
    with asked(running, body='{"do": "play", "stream": "full"}') as answer:
        assert answer.status == 429
    del running._streams["full"]


def test_who_sends_nothing_is_let_go(running, monkeypatch):
    monkeypatch.setattr(server.Handler, "timeout", 0.1)
    with socket.create_connection(("127.0.0.1", running.server_port)) as line:
        line.sendall(b"POST /act HTTP/1.1\r\nHost")
        line.settimeout(5)
        assert line.recv(10) == b""


def test_control_c_ends_it(monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt

    opened = []
    monkeypatch.setattr(Server, "serve_forever", interrupted)
    monkeypatch.setattr(server.webbrowser, "open", opened.append)
    serve(0)
    assert (
        opened[0].startswith("http://127.0.0.1:")
        and opened[0] in capsys.readouterr().out
    )
    with Server(0) as taken, pytest.raises(OSError):
        serve(taken.server_port, browser=False)
