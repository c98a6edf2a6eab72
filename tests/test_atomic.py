"""Whatever happens to a writer, there is the old model or the new one, whole.

Run as a script this file is the writer: it saves, and dies when it is told to. It uses
the NumPy backend, which has no threads that would mind a fork.
"""

import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import kerasish
from kerasish.saving import atomic, backup, hdf5, inventory, shards

if sys.platform == "win32":
    pytest.skip("needs fork and signals", allow_module_level=True)

WIDE = 700  # about 2 MB
ENDINGS = (".h5", ".keras", ".weights.h5", ".weights.json", ".safetensors")
SHARD = 2.5 * 2**-10  # GiB: two files and an index, and all must fit each other
# A function that saving uses, which of its calls is the last thing that the writer
# does, and what stands there afterwards.
LAST_WORDS = [
    ("mkstemp", 1, "old"),
    ("write", 1, "old"),
    ("write", 3, "old"),
    ("fsync", 1, "old"),
    ("replace", 1, "old"),
    ("_sync_folder", 1, "new"),
]
OTHERS = {
    ".weights.json": [
        ("mkstemp", 2, "old"),
        ("write", 2, "old"),
        ("link", 2, "old"),
        ("replace", 1, "old"),
        ("replace", 2, "old"),  # one shard is in the place of an old one
        ("replace", 3, "old"),
        ("_sync_folder", 3, "new"),
        ("_sweep", 2, "new"),
    ],
    ".safetensors": [w for w in LAST_WORDS if w[0] != "write"],
}
# Two shards, what two old ones are called, too, and an index of an earlier death.
MOST_LEFT = {".weights.json": 5}
KILLS = 14  # for each ending, spread over the time that saving takes


def constant(value):
    inner = kerasish.layers.Dense(WIDE, use_bias=False)
    model = kerasish.Sequential(
        [kerasish.Input((WIDE,)), inner, kerasish.layers.Dense(WIDE)]
    )
    model.compile("sgd", "mse")
    model.set_weights([np.full(w.shape, value) for w in model.get_weights()])
    return model


def save(model, path):
    path = str(path)
    if path.endswith(".json"):
        model.save_weights(path, max_shard_size=SHARD)
    elif "weights" in path or path.endswith(".safetensors"):
        model.save_weights(path)
    else:
        model.save(path)


def files_of(path):
    """What a whole save leaves in the folder."""
    name = os.path.basename(path)
    if name.endswith(".json"):
        return {name, "m_00000.weights.h5", "m_00001.weights.h5"}
    return {name}


def value_of(path, model):
    """The one value of all weights in a file, read and checked by `load_weights`."""
    model.load_weights(path)
    (value,) = {x for w in model.get_weights() for x in np.unique(w).tolist()}
    return value


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(name, count):
    """Let a function of the saving code kill the process at one of its calls."""
    owners = {
        "write": hdf5,
        "_sweep": shards,
        "_sync_folder": atomic,
        "mkstemp": atomic.tempfile,
    }
    owner, left = owners.get(name, os), [count]
    inner = getattr(owner, name)

    def counted(*args, **kwargs):
        left[0] -= 1
        return inner(*args, **kwargs) if left[0] else die()

    setattr(owner, name, counted)


def forked(run):
    pid = os.fork()
    if not pid:
        run()
        os._exit(0)
    return pid


def write_and_die(folder):
    """Print for each death: what stands there, and how many files."""
    model, reader = constant(0.0), constant(0.0)
    for ending in ENDINGS:
        path = os.path.join(folder, f"m{ending}")
        save(model, path)
        begin = time.perf_counter()
        save(model, path)
        usual, value = time.perf_counter() - begin, value_of(path, reader)
        words = OTHERS.get(ending, LAST_WORDS)
        deaths = [*words, *np.linspace(0, 1.2 * usual, KILLS).tolist()]
        for death in deaths:
            old, value = value, value + 1.0
            model.set_weights([np.full(w.shape, value) for w in model.get_weights()])
            ready, go = os.pipe()

            def run(death=death, go=go, path=path):
                if not isinstance(death, float):
                    dying_at(*death[:2])
                os.write(go, b"!")
                save(model, path)

            pid = forked(run)
            os.read(ready, 1)
            os.close(ready)
            os.close(go)
            if isinstance(death, float):
                time.sleep(death)
                os.kill(pid, signal.SIGKILL)
            killed = os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
            found = value_of(path, reader)
            which = {old: "old", value: "new"}[found]
            more = set(os.listdir(folder)) - files_of(path)
            print(killed, which, len(more), flush=True)
            value = found
        save(model, path)
        for name in files_of(path):
            os.unlink(os.path.join(folder, name))
        print(*os.listdir(folder), flush=True)


def script(*arguments, **options):
    environment = {**os.environ, "KERASISH_BACKEND": "numpy"}
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=-1, stderr=-1, text=True, env=environment, **options
    )


def test_killed_at_any_moment_there_is_the_old_model_or_the_new(tmp_path):
    with script("die", tmp_path) as writer:
        text, errors = writer.communicate()
    assert writer.returncode == 0, errors
    lines = iter(text.splitlines())
    for ending in ENDINGS:
        amid = 0
        for _, _, which in OTHERS.get(ending, LAST_WORDS):
            killed, found, more = next(lines).split()
            assert (killed, found) == ("True", which)
            # What one of the dead left, until the next one sweeps.
            assert int(more) <= MOST_LEFT.get(ending, 1)
        for _ in range(KILLS):  # the first before anything, the last after all
            killed, found, more = next(lines).split()
            assert found in ("old", "new") and int(more) <= MOST_LEFT.get(ending, 1)
            amid += killed == "True" and int(more) > 0
        print(f"{ending}: {amid} of {KILLS} died while a new file was being written")
        assert amid >= KILLS // 4
        assert next(lines) == ""  # nothing at all is left


def read_again_and_again(path):
    """Load whole models until the file is gone."""
    reader, count = constant(0.0), 0
    print("reading", flush=True)
    while os.path.exists(path + ".go"):
        value_of(path, reader)
        if path.endswith((".keras", "m.h5")):
            assert kerasish.saving.load_model(path).built
        count += 1
    print(count, flush=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_saving_over_a_file_that_another_process_reads(ending, tmp_path):
    path, model = tmp_path / f"m{ending}", constant(1.0)
    save(model, path)
    (going := tmp_path / f"m{ending}.go").touch()
    with script("read", path) as reader:
        assert reader.stdout.readline() == "reading\n"
        for value in range(25):
            model.set_weights([np.full(w.shape, value) for w in model.get_weights()])
            save(model, path)
        going.unlink()
        text, errors = reader.communicate()
    assert reader.returncode == 0, errors
    assert int(text) >= 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_open_stays_as_it_was(ending, tmp_path):
    model, path = constant(1.0), tmp_path / f"m{ending}"
    save(model, path)
    with inventory.opened(str(path)) as file:
        model.set_weights([np.full(w.shape, 2.0) for w in model.get_weights()])
        save(model, path)
        found = {float(x) for a in file.of("weights") for x in np.unique(a.read())}
    assert found == {1.0}
    assert value_of(path, model) == 2.0


LIMITS = (0, 100, 3_000, 100_000, 1_500_000)


def full(write, path):
    """Save where there is no room: it says so, and nothing has changed."""
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    with pytest.raises(OSError, match=r"Cannot save to .*is full; make") as info:
        write(path)
    assert info.value.errno in (errno.EFBIG, errno.ENOSPC)
    assert path.name.split(".")[0] in str(info.value)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def back_up(path):
    """Save as `BackupAndRestore` does."""
    backup.save(path, constant(1.0), {"epoch": 1, "order": np.arange(9)})


WRITERS = {
    **{f"m{ending}": lambda path: save(constant(1.0), path) for ending in ENDINGS},
    "m_weights.h5": lambda path: constant(1.0).save_weights(path),
    "backup": back_up,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_says_so(name, tmp_path):
    resource = pytest.importorskip("resource")
    path, write = tmp_path / name, WRITERS[name]
    write(path)
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in LIMITS:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        try:
            full(write, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    write(path)


@pytest.fixture
def small_disk(tmp_path):
    """A file system that has room for one model, not for two."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a file system; the limit of file sizes is tested")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_really_full(name, small_disk):
    WRITERS[name](small_disk / name)
    full(WRITERS[name], small_disk / name)


def test_errors_that_are_not_of_the_disk_stay_what_they_are(tmp_path):
    for error in (OSError(errno.EIO, "I/O"), RuntimeError("errno = 5"), KeyError("x")):
        with pytest.raises(type(error)) as info, atomic.replacing(tmp_path / "m.h5"):
            raise error
        assert info.value is error
    with (
        pytest.raises(OSError, match="is full") as info,
        atomic.replacing(tmp_path / "m.h5"),
    ):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        finally:
            raise ValueError("while it was closed")
    assert info.value.errno == errno.ENOSPC and not os.listdir(tmp_path)


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "m.h5")
    with pytest.raises(OSError, match="is a device or a pipe"):
        constant(1.0).save(tmp_path / "m.h5")
    assert os.listdir(tmp_path) == ["m.h5"]


def test_two_writers_leave_each_other_alone(tmp_path):
    path = tmp_path / "m.bin"
    with atomic.replacing(path) as one:
        with open(one, "w") as file:
            file.write("one")
        with atomic.replacing(path) as two, open(two, "w") as file:
            file.write("two")
        assert path.read_text() == "two" and os.path.exists(one)
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["m.bin"]


def test_a_file_swept_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    made, inner = [], atomic.tempfile.mkstemp

    def swept(*args):
        handle, name = inner(*args)
        if not made:
            os.unlink(name)
        made.append(name)
        return handle, name

    monkeypatch.setattr(atomic.tempfile, "mkstemp", swept)
    with atomic.replacing(tmp_path / "m.bin") as name, open(name, "w") as file:
        file.write("whole")
    assert len(made) == 2 and (tmp_path / "m.bin").read_text() == "whole"


@pytest.mark.parametrize("kind", ["model", "weights"])
@pytest.mark.parametrize("closed", [False, True])
def test_nobody_is_asked_without_a_terminal(kind, closed, tmp_path, monkeypatch):
    path = tmp_path / ("m.h5" if kind == "model" else "m.weights.h5")
    model = constant(1.0)
    save(model, path)
    old = path.read_bytes()
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", None if closed else nothing)
        write = model.save if kind == "model" else model.save_weights
        with pytest.raises(FileExistsError, match="overwrite=True"):
            write(path, overwrite=False)
    assert path.read_bytes() == old and os.listdir(tmp_path) == [path.name]


if __name__ == "__main__":
    {"die": write_and_die, "read": read_again_and_again}[sys.argv[1]](sys.argv[2])
