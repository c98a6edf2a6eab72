"""The playground as a person meets it: headless Chromium, clicks, keys, pictures."""

import itertools
import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlencode

import numpy as np
import pytest

from tests import webdriver

reason = webdriver.missing()
pytestmark = pytest.mark.skipif(reason is not None, reason=f"Chromium is {reason}")

READY = "document.querySelector('#units .bias') && now && !due"
# `python -m kerasish`; a suite in the background of a shell has Ctrl-C ignored.
START = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("kerasish", run_name="__main__", alter_sys=True)
"""
FLOOR = 10  # pictures a second on a machine that others use, too


@pytest.fixture(scope="module")
def process():
    command = [sys.executable, "-c", START, "playground", "--port", "0"]
    pipe = subprocess.PIPE
    how = {"stdout": pipe, "stderr": pipe, "text": True}
    how["env"] = {**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    with subprocess.Popen([*command, "--no-browser"], **how) as made:
        yield made
        made.kill()


@pytest.fixture(scope="module")
def address(process):
    return process.stdout.readline().split()[-1]


@pytest.fixture(scope="module")
def window():
    with webdriver.browser(1400, 1000) as made:
        yield made


@pytest.fixture
def page(window, address):
    """`page(field=text)` opens a page with that state."""

    def opened(**given):
        window.open("about:blank")
        window.open(f"{address}#{urlencode(given)}")
        window.until(READY)
        return window

    yield opened
    assert window.complaints() == []


def epoch(window):
    return window.run("return now.epoch")


def pictures_a_second(window, seconds=2.0):
    ask = "return [playground.drawn, playground.received, performance.now() / 1000]"
    before = window.run(ask)
    time.sleep(seconds)
    *counts, passed = np.subtract(window.run(ask), before)
    return [count / passed for count in counts]


def test_it_plays_pauses_steps_and_begins_again(page):
    window = page()
    first = window.run("return now.losses[0]")
    window.click("#play")
    window.until("now.epoch > 3 && now.playing")
    assert window.text("#play") == "Pause" and window.text("#status") == ""
    for _ in range(8):  # others may have the machine for a while
        rates = pictures_a_second(window)
        print("\npictures a second, drawn and received:", *map(round, rates))
        if min(rates) >= FLOOR:
            break
    assert min(rates) >= FLOOR
    window.click("#play")
    window.until("!now.playing")
    at = epoch(window)
    assert window.run("return now.losses[0]") < first - 0.01
    assert window.text("#epoch").replace(",", "") == str(at) != "0"
    window.click("#step")
    window.until("now.epoch === arguments[0]", at + 1)
    assert window.text("#play") == "Play"
    window.click("#reset")
    window.until("now?.epoch === 0")
    assert window.run("return now.losses[0]") == first


def click_edge(window, name):
    """Click on the line, where no other crosses it."""
    place = window.run(
        """const path = document.querySelector(`[data-edge="${arguments[0]}"]`);
        path.scrollIntoView({block: "center"});
        for (let share = 0.1; share < 1; share += 0.05) {
            const p = path.getPointAtLength(path.getTotalLength() * share);
            const q = p.matrixTransform(path.getScreenCTM());
            const place = [Math.round(q.x), Math.round(q.y)];
            if (document.elementFromPoint(...place) === path) return place;
        }""",
        name,
    )
    moves = [
        {"type": "pointerMove", "x": place[0], "y": place[1]},
        *({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up")),
    ]
    pointer = {"type": "pointer", "id": "mouse", "actions": moves}
    window.call("/actions", {"actions": [pointer]})


def press(window, *keys):
    """Press keys one after the other, wherever the focus is."""
    ways = itertools.product(keys, ("keyDown", "keyUp"))
    actions = [{"type": way, "value": key} for key, way in ways]
    window.call(
        "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]}
    )


ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"


def test_weights_are_changed_by_mouse_and_by_keys(page):
    window = page(layers="2", data="xor")
    assert window.run("return document.querySelector('#card').hidden")
    click_edge(window, "0-0-1")
    field = '#card [data-row="0"]'
    assert window.run("return document.activeElement.dataset.row") == "0"
    window.type(field, "2.5")
    window.until("now.kernels[0][0][1] === 2.5")
    assert not window.run("return document.querySelector('#card').hidden")
    press(window, ESCAPE)
    window.until("document.querySelector('#card').hidden")
    assert window.run("return document.activeElement.dataset.node") == "0-1"
    press(window, ENTER)  # the unit has the focus: its card opens at the bias
    window.until("!document.querySelector('#card').hidden")
    press(window, "-", "1", ENTER)
    window.until("now.biases[0][1] === -1")
    assert window.run("return document.querySelector('#card').hidden")
    assert "unit 2 of layer 1" in window.text("#shown")  # focused: seen large


def test_choices_are_kept_in_the_address(page, address):
    window = page()
    window.click("#sets label:nth-of-type(4)")  # spiral
    window.until("state.data === 'spiral'")
    window.click("#more")
    window.until("state.layers === '4,2,2'")
    window.click('[aria-label="One unit more in layer 2"]')
    window.until("state.layers === '4,3,2' && nodes[2].length === 3")
    window.click('[data-node="less-0"]')
    window.until("state.layers === '3,3,2'")
    window.click("#units .feature:nth-of-type(5)")
    window.until("state.features === 'x1,x2,x1x2' && now?.kernels[0].length === 3")
    window.run(
        """for (const [name, value] of [["rate", "0.1"], ["activation", "relu"]]) {
        const select = document.querySelector(`[data-field=${name}]`);
        select.value = value;
        select.dispatchEvent(new Event("change", {bubbles: true}));
        }"""
    )
    window.until("state.rate === '0.1' && state.activation === 'relu'")
    window.click("[data-field=tests]")
    window.click("[data-field=discrete]")
    window.until("state.tests === '1' && state.discrete === '1' && !due")
    kept = window.run("return [location.href, now.kernels, state]")
    first = window.call("/window", method="GET")
    other = window.call("/window/new", {"type": "tab"})["handle"]
    window.call("/window", {"handle": other})
    window.open(kept[0])
    window.until(READY)
    assert window.run("return [location.href, now.kernels, state]") == kept
    checked = "return document.querySelector('[name=data]:checked').value"
    assert window.run(checked) == "spiral"
    window.call("/window", method="DELETE")
    window.call("/window", {"handle": first})


def test_the_copied_script_does_the_same(page, quick_compilation):
    window = page(layers="2", data="gauss", optimizer="adam", rate="0.1")
    window.click("#step")
    window.until("now.epoch === 1")
    window.click("#script")
    window.until("document.querySelector('#program').open")
    window.click("#copy")
    assert window.until("document.querySelector('#program span').textContent")
    made = {}
    exec(window.text("#program code"), made)
    for ours, layer in zip(window.run("return now.kernels"), made["model"].layers):
        np.testing.assert_allclose(ours, layer.kernel.numpy(), atol=2e-5)
    window.click("#close")


def test_an_address_that_is_not_understood_is_told(window, address):
    window.open("about:blank")
    window.open(f"{address}#noise=7&layers=8,8")
    window.until(READY)
    assert "`noise` must be one of 0, 5" in window.text("#status")
    assert window.run("return state.layers") == "4,2"
    assert all("400" in line for line in window.complaints())


@pytest.mark.parametrize("width", [1400, 1000, 420])
def test_nothing_overlaps_or_sticks_out(page, tmp_path, width):
    window = page(layers="8,8,8,8,8,8", features="x1,sinx2", tests="1")
    window.resize(width, 1000)
    window.until("nodes.length === 8 && !due")
    found = window.run(
        """const box = (e) => e.getBoundingClientRect();
        const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1
            || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
        const clash = [];
        const every = (css) => [...document.querySelectorAll(css)];
        const look = (css) => {
            const all = every(css).filter((e) => e.offsetWidth);
            all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
                if (!apart(box(a), box(b))) clash.push([css, a.outerHTML, b.outerHTML]);
            }));
            return all.length;
        };
        const counts = [".bar, main > section, footer", ".controls label, .run > *",
            "#units > *", "#output > *", "#data > *, #sets label"].map(look);
        const named = every("button, select, input").filter((e) => !(
            e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent));
        const root = document.documentElement;
        return [clash, counts, named.length, root.scrollWidth - root.clientWidth];"""
    )
    clash, counts, unnamed, too_wide = found
    # labels of sets lie in their fieldset, and nothing else
    clash = [c for c in clash if "fieldset" not in c[1][:12]]
    assert (clash, unnamed, too_wide) == ([], 0, 0)
    assert min(counts) >= 5 or counts[0] == 5
    window.shot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes()[:4] == b"\x89PNG"
    colours = window.run(
        """const map = document.querySelector("#map");
        const at = map.getContext("2d").getImageData(0, 0, map.width, map.height).data;
        let [blue, orange] = [0, 0];
        for (let i = 0; i < at.length; i += 4) {
            if (at[i + 2] > at[i] + 60) blue++;
            if (at[i] > at[i + 2] + 60) orange++;
        }
        return [blue, orange];"""
    )
    assert min(colours) > 100  # both, at least of the points
    window.resize(1400, 1000)


def test_control_c_ends_the_server_and_the_page_says_so(page, process):
    window = page()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, ""), out
    window.until("document.querySelector('#status').textContent.includes('stopped')")
    assert "error" in window.run("return document.querySelector('#status').className")
