"""`get_file`: what is fetched is what was asked for, and stays in its folder."""

import contextlib
import hashlib
import http.server
import io
import os
import stat
import tarfile
import threading
import zipfile
from pathlib import Path

import keras
import pytest

from kerasish.utils import files, get_file

CONTENT = b"some numbers"


def tar(path, *members):
    """An archive of `(name, kind, link or content)`."""
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, rest in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(rest)
                archive.addfile(info, io.BytesIO(rest))
            else:
                info.linkname = rest
                archive.addfile(info)
    return path


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "x.txt").write_bytes(CONTENT)
    good = ("in/x.txt", tarfile.REGTYPE, CONTENT)
    tar(folder / "a.tar.gz", good, ("in/link", tarfile.SYMTYPE, "x.txt"))
    zipped(folder / "c.zip", ("in/x.txt", 0, CONTENT))
    return folder


def left(folder):
    """All files, but not those of an interrupted fetching."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


CALLS = {
    "plain": ("x.txt", {}),
    "another name": ("x.txt", {"fname": "y.dat"}),
    "subfolder": ("x.txt", {"cache_subdir": "models/x"}),
    "tar": ("a.tar.gz", {"fname": "a.tar.gz", "extract": True}),
    "tar without a name": ("a.tar.gz", {"extract": True}),
    "untar": ("a.tar.gz", {"fname": "a", "untar": True}),
    "untar with ending": ("a.tar.gz", {"fname": "b.tar.gz", "untar": True}),
    "zip": ("c.zip", {"fname": "c.zip", "extract": True}),
    "zip without ending": ("c.zip", {"fname": "cc", "extract": True}),
    "odd ending": ("a.tar.gz", {"fname": "a.b.c", "extract": True}),
    "md5": ("x.txt", {"md5_hash": hashlib.md5(CONTENT).hexdigest()}),
    "sha256": ("x.txt", {"file_hash": hashlib.sha256(CONTENT).hexdigest()}),
}


@pytest.mark.parametrize("name", CALLS)
def test_paths_and_contents_are_those_of_keras(name, source, tmp_path):
    file, arguments = CALLS[name]
    found = []
    for k, get in (("ours", get_file), ("keras", keras.utils.get_file)):
        cache = tmp_path / k
        cache.mkdir()
        with contextlib.redirect_stdout(io.StringIO()):
            path = get(origin=(source / file).as_uri(), cache_dir=cache, **arguments)
        found.append((os.path.relpath(path, cache), left(cache)))
    assert found[0] == found[1]


def test_a_file_is_fetched_once(source, tmp_path):
    arguments = {"origin": (source / "x.txt").as_uri(), "cache_dir": tmp_path}
    path = get_file(**arguments)
    (source / "x.txt").write_bytes(b"new")
    hashed = {"file_hash": hashlib.sha256(b"new").hexdigest()}
    assert Path(get_file(**arguments)).read_bytes() == CONTENT
    assert Path(get_file(**arguments, **hashed)).read_bytes() == b"new"
    (source / "x.txt").write_bytes(b"newer")
    get_file(**arguments, force_download=True)
    assert Path(path).read_bytes() == b"newer"
    assert os.listdir(tmp_path / "datasets") == ["x.txt"]


def test_another_hash_is_refused_and_the_old_file_stays(source, tmp_path):
    arguments = {"origin": (source / "x.txt").as_uri(), "cache_dir": tmp_path}
    path = get_file(**arguments)
    (source / "x.txt").write_bytes(b"forged")
    for wrong in ("0" * 64, "0" * 32, "0"):
        with pytest.raises(ValueError, match="another hash than `file_hash`"):
            get_file(**arguments, file_hash=wrong)
    with pytest.raises(ValueError, match="`hash_algorithm` must be"):
        get_file(**arguments, file_hash="0" * 64, hash_algorithm="crc")
    assert Path(path).read_bytes() == CONTENT
    assert os.listdir(tmp_path / "datasets") == ["x.txt"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "`origin`.*is missing"),
        ({"origin": "http://example.org/x"}, "not fetched.*https.*`file_hash`"),
        ({"origin": "ftp://example.org/x"}, "must begin with https"),
        ({"origin": "/etc/passwd"}, "must begin with https"),
        ({"origin": "https://example.org/"}, "names no file"),
        ({"origin": "https://example.org/x", "fname": "../x"}, "without a folder"),
        ({"origin": "https://example.org/x", "fname": "/x"}, "without a folder"),
        ({"origin": "https://example.org/x", "fname": ".."}, "without a folder"),
    ],
)
def test_addresses_and_names_that_are_refused(arguments, match, tmp_path):
    with pytest.raises(ValueError, match=match):
        get_file(cache_dir=tmp_path, **arguments)
    assert not left(tmp_path)


def test_redirections_are_looked_at():
    handler = files._Checked(hashed=False)
    for address in ("http://example.org/x", "file:///etc/passwd"):
        with pytest.raises(ValueError, match=r"not fetched|local file"):
            handler.redirect_request(None, None, 302, "", {}, address)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="Could not fetch"):
        get_file(origin=(tmp_path / "none.txt").as_uri(), cache_dir=tmp_path)
    assert os.listdir(tmp_path / "datasets") == []


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that is cut off, lies about lengths, or leads elsewhere."""

    def do_GET(self):
        place = self.path.strip("/")
        if place in ("file", "loop", "ftp"):
            targets = {"file": "file:///etc/passwd", "loop": "/loop"}
            self.send_response(302)
            self.send_header("Location", targets.get(place, "ftp://127.0.0.1/x"))
            self.end_headers()
            return
        self.send_response(404 if place == "none" else 200)
        if place == "short":
            self.send_header("Content-Length", "1000")
        if place == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"40\r\nless" if place == "chunked" else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as one:
        one.protocol_version = "HTTP/1.1"
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


def test_http_with_a_hash(server, tmp_path):
    right = {"file_hash": hashlib.sha256(CONTENT).hexdigest(), "cache_dir": tmp_path}
    path = get_file("x", f"{server}/x", **right)
    assert Path(path).read_bytes() == CONTENT
    assert stat.S_IMODE(os.stat(path).st_mode) & 0o444 == 0o444
    with pytest.raises(ValueError, match="another hash"):
        get_file("y", f"{server}/x", **{**right, "file_hash": "0" * 64})
    assert os.listdir(tmp_path / "datasets") == ["x"]


@pytest.mark.parametrize("place", ["short", "chunked", "file", "loop", "ftp", "none"])
def test_what_is_cut_off_or_leads_elsewhere_leaves_nothing(place, server, tmp_path):
    hashed = {"file_hash": hashlib.sha256(CONTENT).hexdigest()}
    with pytest.raises((OSError, ValueError), match=r"fetch|leads to|must begin"):
        get_file("x", f"{server}/{place}", cache_dir=tmp_path, **hashed)
    assert os.listdir(tmp_path / "datasets") == []


def test_what_the_place_is_when_it_is_taken(source, tmp_path):
    origin = (source / "x.txt").as_uri()
    (tmp_path / "datasets").mkdir()
    (tmp_path / "secret").write_text("old")
    (tmp_path / "datasets" / "x.txt").symlink_to(tmp_path / "secret")
    path = Path(get_file(origin=origin, cache_dir=tmp_path))
    assert path.read_bytes() == CONTENT and not path.is_symlink()
    assert (tmp_path / "secret").read_text() == "old"


FILE = tarfile.REGTYPE
# CVE-2024-55459, CVE-2025-12060, CVE-2025-12638 and GHSA-hqp4-2352-xf5r: archives whose
# members are written outside of the folder, by their names, by links among them, or by
# links whose check looked at another folder than the one that is written to.
HOSTILE = {
    "tar: name upwards": [("../canary", FILE, b"x")],
    "tar: name upwards inside": [("a/../../canary", FILE, b"x")],
    "tar: absolute name": [("/tmp/kerasish-canary", FILE, b"x")],
    "tar: link upwards": [("a", tarfile.SYMTYPE, ".."), ("a/canary", FILE, b"x")],
    "tar: absolute link": [("a", tarfile.SYMTYPE, "/tmp"), ("a/canary", FILE, b"x")],
    "tar: hard link upwards": [("a", tarfile.LNKTYPE, "../source/x.txt")],
    "tar: absolute hard link": [("a", tarfile.LNKTYPE, "/etc/passwd")],
    "tar: links in a chain": [
        ("d", tarfile.DIRTYPE, ""),
        ("d/up", tarfile.SYMTYPE, ".."),
        ("out", tarfile.SYMTYPE, "d/up/.."),
        ("out/canary", FILE, b"x"),
    ],
    "tar: very long chain": [
        *((f"{'d/' * i}d", tarfile.SYMTYPE, "../" * (i + 2)) for i in range(5)),
        ("d/canary", FILE, b"x"),
    ],
    "tar: device": [("a", tarfile.CHRTYPE, "")],
    "tar: pipe": [("a", tarfile.FIFOTYPE, "")],
    "tar: bomb": [("a", FILE, b"\0" * 2**24)] * 3,
    "zip: name upwards": [("../canary", 0, b"x")],
    "zip: absolute name": [("/tmp/kerasish-canary", 0, b"x")],
    "zip: drive": [("C:/canary", 0, b"x")],
    "zip: backslashes": [("..\\canary", 0, b"x")],
    "zip: link": [("a", stat.S_IFLNK | 0o777, b"/etc/passwd")],
    "zip: pipe": [("a", stat.S_IFIFO | 0o777, b"")],
    "zip: bomb": [("a", 0, b"\0" * 2**24)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_archives_that_lead_out_of_their_folder(name, source, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 2**23)
    path = source / "evil"
    (tar if name.startswith("tar") else zipped)(path, *HOSTILE[name])
    cache = tmp_path / "cache"
    with pytest.raises(ValueError, match="refused"):
        get_file("e", path.as_uri(), extract=True, cache_dir=cache)
    assert left(cache) == {"datasets/e_archive"}  # the archive alone
    assert not list(tmp_path.rglob("*canary*"))
    assert not os.path.exists("/tmp/kerasish-canary")


def test_what_is_no_archive(source, tmp_path):
    arguments = {"extract": True, "cache_dir": tmp_path}
    with pytest.raises(ValueError, match="no archive of the formats"):
        get_file("x", (source / "x.txt").as_uri(), **arguments)
    with pytest.raises(ValueError, match="`archive_format` is"):
        get_file("x", (source / "x.txt").as_uri(), **arguments, archive_format="rar")
    with pytest.raises(ValueError, match="no archive"):
        get_file("y", (source / "c.zip").as_uri(), **arguments, archive_format="tar")
