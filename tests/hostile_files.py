"""Hostile and damaged model files, made from good ones; and the child that loads them.

`CASES` has a row for each technique, format and way of loading. `python
hostile_files.py` loads all of them and prints what came of each as JSON: the error, the
time, the memory, and whether a canary was touched.
"""

import base64
import itertools
import json
import marshal
import os
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np

DEEP = 150

# --- arrays: (open file, path of the kernel within it) --------------------------------


def replaced(make):
    """A technique that puts something else in the kernel's place."""

    def change(file, name):
        del file[name]
        make(file, name)

    change.__name__ = make.__name__
    return change


@replaced
def external_link(file, name):
    file[name] = h5py.ExternalLink("secret.h5", "/secret")


@replaced
def dangling_link(file, name):
    file[name] = h5py.SoftLink("/nowhere")


@replaced
def circular_link(file, name):
    file[name] = h5py.SoftLink(f"/{name}")


def soft_link(file, name):
    file.move(name, "elsewhere")
    file[name] = h5py.SoftLink("/elsewhere")


def linked_group(file, name):
    top = name.split("/")[0]
    file.move(top, "elsewhere")
    file[top] = h5py.SoftLink("/elsewhere")


def external_group(file, name):
    top = name.split("/")[0]
    del file[top]
    file[top] = h5py.ExternalLink("secret.h5", "/")


@replaced
def external_storage(file, name):
    file.create_dataset(name, (2, 1), "f4", external=[("/etc/passwd", 0, 8)])


@replaced
def virtual(file, name):
    layout = h5py.VirtualLayout((2, 1), "f4")
    layout[:] = h5py.VirtualSource("secret.h5", "secret", (2, 1))
    file.create_virtual_dataset(name, layout)


@replaced
def virtual_within(file, name):
    layout = h5py.VirtualLayout((2, 1), "f4")
    file["real"] = np.zeros((2, 1), "f4")
    layout[:] = h5py.VirtualSource(".", "real", (2, 1))
    file.create_virtual_dataset(name, layout)


@replaced
def objects(file, name):
    file[name] = np.array([["a"], ["b"]], dtype=h5py.string_dtype())


@replaced
def open_lengths(file, name):
    data = file.create_dataset(name, (2, 1), h5py.vlen_dtype("f4"))
    data[0, 0] = np.zeros(1000, "f4")


@replaced
def references(file, name):
    data = file.create_dataset(name, (2, 1), h5py.ref_dtype)
    data[0, 0] = file.ref


@replaced
def records(file, name):
    file[name] = np.zeros((2, 1), [("a", "f4"), ("b", "f4")])


@replaced
def arrays_in_arrays(file, name):
    file.create_dataset(name, (2, 1), np.dtype(("f4", (1000, 1000))), chunks=(1, 1))


@replaced
def opaque(file, name):
    file[name] = np.zeros((2, 1), "V1000000")


@replaced
def fixed_text(file, name):
    file[name] = np.zeros((2, 1), "S100000")


@replaced
def empty_space(file, name):
    file[name] = h5py.Empty("f4")


@replaced
def a_scalar(file, name):
    file[name] = 1.0


@replaced
def another_shape(file, name):
    file[name] = np.zeros((1, 3), "f4")


@replaced
def never_written(file, name):
    file.create_dataset(name, (2**20, 2**20), "f4", chunks=(1024, 1024))


@replaced
def never_written_small(file, name):
    file.create_dataset(name, (2, 1), "f4", chunks=(1, 1))


@replaced
def whole_and_never_written(file, name):
    file.create_dataset(name, (2**40,), "f4")


@replaced
def overflowing(file, name):
    file.create_dataset(name, (2**32, 2**32), "f4", chunks=(1, 1))


@replaced
def packed_bomb(file, name):
    zeros = np.zeros((2**12, 2**11), "f4")
    file.create_dataset(name, data=zeros, chunks=zeros.shape, compression="gzip")


@replaced
def chunk_bomb(file, name):
    more = {"maxshape": (None, None), "chunks": (2**14, 2**14), "compression": "gzip"}
    file.create_dataset(name, (2, 1), "f4", **more)


@replaced
def unknown_filter(file, name):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((2, 1))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((2, 1))
    parent, _, last = name.rpartition("/")
    kind = h5py.h5t.IEEE_F32LE
    h5py.h5d.create(file[parent].id, last.encode(), kind, space, properties)


@replaced
def a_group(file, name):
    file.create_group(name)


@replaced
def a_type(file, name):
    file[name] = np.dtype("f4")


@replaced
def missing(file, name):
    pass


def twice(file, name):
    file["again"] = file[name]


def many_times(file, name):
    for number in range(300):
        file[f"again{number}"] = file[name]


def group_in_itself(file, name):
    group = file[name].parent
    group["self"] = group


def root_in_a_group(file, name):
    file[name].parent["root"] = file["/"]


def deep(file, name):
    file.create_group("/".join("d" * 500))


def deep_and_named(file, name):
    group = file.create_group("layers_of")
    for _ in range(100):
        group = group.create_group("layer" * 20)


def many_names(file, name):
    for number in range(3000):
        file.create_group(f"names/{number}")


def attribute_bomb(file, name):
    """Very many texts, which are all the same long one."""
    text = h5py.string_dtype()
    long = ["x" * 2**12] * 400
    for group in (file, file[name.split("/")[0]]):
        for attribute in ("layer_names", "weight_names"):
            if attribute in group.attrs:
                del group.attrs[attribute]
            group.attrs.create(attribute, long, dtype=text)


def names_that_repeat(file, name):
    for group in _groups(file):
        for attribute in ("layer_names", "weight_names"):
            if len(group.attrs.get(attribute, ())):
                group.attrs[attribute] = list(group.attrs[attribute]) * 3


def names_of_numbers(file, name):
    for group in _groups(file):
        for attribute in ("layer_names", "weight_names", "name"):
            if attribute in group.attrs:
                group.attrs[attribute] = np.zeros(3)


def names_upwards(file, name):
    for group in _groups(file):
        for attribute in ("layer_names", "weight_names"):
            if len(group.attrs.get(attribute, ())):
                group.attrs[attribute] = [b"../../.."]


def names_that_are_long(file, name):
    for group in _groups(file):
        if "name" in group.attrs:
            group.attrs["name"] = "n" * 50_000
        if len(group.attrs.get("layer_names", ())):
            group.attrs["layer_names"] = [b"n" * 50_000]


def null_attributes(file, name):
    for group in _groups(file):
        for attribute in ("layer_names", "weight_names", "name"):
            if attribute in group.attrs:
                group.attrs[attribute] = h5py.Empty("S1")


def _groups(file):
    found = [file]
    file.visititems(lambda _, x: found.append(x) if isinstance(x, h5py.Group) else None)
    return found


ARRAYS = [
    *(external_link, dangling_link, circular_link, soft_link, linked_group),
    *(external_group, external_storage, virtual, virtual_within, objects),
    *(open_lengths, references, records, arrays_in_arrays, opaque, fixed_text),
    *(empty_space, a_scalar, another_shape, never_written, never_written_small),
    *(whole_and_never_written, overflowing, packed_bomb, chunk_bomb, unknown_filter),
    *(a_group, a_type, missing, twice, many_times, group_in_itself, root_in_a_group),
    *(deep, deep_and_named, attribute_bomb, names_that_repeat, names_of_numbers),
    *(names_upwards, names_that_are_long, null_attributes),
]
# Those that only say something in a layout with lists of names, or where the damage
# lies beside what is read and does no harm.
WITHOUT_LISTS = {names_that_repeat, names_upwards}

# --- configs --------------------------------------------------------------------------

CANARY = Path(tempfile.gettempdir()) / f"kerasish-canary-{os.getpid()}"
CODE = base64.b64encode(
    marshal.dumps(compile(f"open({str(CANARY)!r}, 'w')", "x", "eval"))
).decode()


def layer(name, module="keras.layers", /, **config):
    return {"module": module, "class_name": name, "config": config,
            "registered_name": None}  # fmt: skip


def function(name, module="builtins"):
    return {"module": module, "class_name": "function", "config": name,
            "registered_name": "function"}  # fmt: skip


def built(config, shape=(None, 2)):
    return {**config, "build_config": {"input_shape": list(shape)}}


def dense(**config):
    return layer("Dense", **{"units": 1, "name": "only", **config})


def nested(depth, leaf):
    for _ in range(depth):
        inner = [layer("InputLayer", batch_shape=[None, 2]), leaf]
        leaf = layer("Sequential", "keras", name="s", layers=inner)
    return leaf


def twice_called(depth):
    """A model that calls one twice that calls one twice ...: 2 ** depth calls."""
    config = layer("Activation", activation="relu", name="a")
    for number in range(depth):
        tensor = {"shape": [None, 2], "dtype": "float32"}

        def call(of, tensor=tensor):
            history = {**tensor, "keras_history": of}
            made = {"class_name": "__keras_tensor__", "config": history}
            return {"args": [made], "kwargs": {}}

        calls = [call(["i", 0, 0]), call([f"m{number}", 0, 0])]
        inner = {**config, "name": f"m{number}", "inbound_nodes": calls}
        inner["config"] = {**inner["config"], "name": f"m{number}"}
        start = layer("InputLayer", batch_shape=[None, 2], name="i")
        graph = {
            "name": f"m{number + 1}",
            "layers": [{**start, "name": "i", "inbound_nodes": []}, inner],
            "input_layers": [["i", 0, 0]],
            "output_layers": [[f"m{number}", 1, 0]],
        }
        config = layer("Functional", "keras", **graph)
    return config


HUGE = 10**12
# Layers in the place of the only one of the model. The numbers of public advisories say
# which have a row of their own; what lies behind each is told in our own words.
CONFIGS = {
    # code that stands in the file
    "CVE-2024-3660 byte code of a lambda": layer(
        "Lambda", function={"class_name": "__lambda__", "config": {"code": CODE}}),
    "CVE-2025-9905 byte code, as .h5 has it": layer(
        "Lambda", function=[CODE, None, None], function_type="lambda"),
    "CVE-2026-12481 byte code, no safe mode set": {
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"code": CODE}}}},
    "byte code as a mask": layer(
        "Lambda", function=function("relu"),
        mask={"class_name": "__lambda__", "config": {"code": CODE}}),
    "byte code as an activation": dense(
        activation={"class_name": "__lambda__", "config": {"code": CODE}}),
    # names of what is no layer
    "CVE-2025-1550 a class of another module": layer(
        "Popen", "subprocess", args=["touch", str(CANARY)]),
    "CVE-2025-1550 a function of another module": layer("system", "os"),
    "CVE-2025-1550 a module that is not loaded": layer("s", "this"),
    "CVE-2025-8747 a function of Keras that writes files": layer(
        "Lambda", function=function("get_file", "keras.utils"),
        arguments={"origin": f"file://{CANARY}"}),
    "CVE-2025-9906 a function that lowers the guard": layer(
        "Lambda", function=function("enable_unsafe_deserialization", "keras.config")),
    "CVE-2025-9906 the same as a layer": layer(
        "enable_unsafe_deserialization", "keras.config"),
    "CVE-2025-12058 a vocabulary of another file": layer(
        "StringLookup", vocabulary="/etc/passwd"),
    "CVE-2025-12058 the same with numbers": layer(
        "IntegerLookup", vocabulary="/etc/passwd"),
    "CVE-2025-12058 the same of words": layer(
        "TextVectorization", vocabulary="http://127.0.0.1:9/x"),
    "CVE-2026-1462 another program's saved model": layer(
        "TFSMLayer", filepath="/tmp/evil", call_endpoint="serve"),
    "CVE-2026-12479 a name that leads upwards": layer(
        "Dense", units=1, name="../../../kerasish-canary"),
    "a pickled module": layer("TorchModuleWrapper", module="gASVIQAAAAAAAACM"),
    "a program of another library": layer("JaxLayer", call_fn=function("eval")),
    "FlaxLayer": layer("FlaxLayer", module=layer("Module", "flax.linen")),
    "eval as a layer": layer("eval", "builtins", source="1"),
    "eval as a loss": dense(kernel_regularizer=function("eval")),
    "open as an initializer": dense(kernel_initializer=function("open", "builtins")),
    "numpy.load as an initializer": dense(
        kernel_initializer=layer("load", "numpy", file="/etc/passwd")),
    "exec by its string": dense(activation="exec"),
    "a dotted string": dense(activation="os.system"),
    "our config": layer("config", "kerasish"),
    "our registry": layer("registry", "kerasish", x=1),
    "our saving": layer("load_model", "kerasish.saving", filepath="/etc/passwd"),
    "our base of objects": layer("Configurable", "kerasish.registry"),
    "our doors": layer("Lambda", function=function("deserialize")),
    "our other doors": dense(activation=function("get")),
    "underscores": layer("__builtins__", "keras.layers"),
    "underscores in a module": layer("Dense", "__main__", units="__import__"),
    "a registered name of nobody": {
        **dense(), "registered_name": "evil>Dense", "class_name": "Evil"},
    "a class that is a list": {"class_name": "Dense", "module": ["os"], "config": {}},
    "a name that is a dict": {**dense(), "class_name": "X", "registered_name": {}},
    "a function without a name": layer("Lambda", function=function({"a": 1})),
    "a loss for a layer": layer("MeanSquaredError", "keras.losses"),
    "an optimizer for a layer": layer("Adam", "keras.optimizers"),
    "an initializer for a layer": layer("Zeros", "keras.initializers"),
    "a very long name": layer("D" * 10**6),
    # values that are no arrays
    "an array of texts": dense(units={
        "class_name": "__numpy__",
        "config": {"value": ["a"] * 9, "dtype": "U100000000"}}),
    "an array of objects": dense(units={
        "class_name": "__numpy__", "config": {"value": ["a"], "dtype": "O"}}),
    "an array of arrays": dense(units={
        "class_name": "__numpy__",
        "config": {"value": [1.0], "dtype": "(100000,100000)f4"}}),
    "an array of nothing": dense(units={"class_name": "__numpy__", "config": 5}),
    "an array that is uneven": dense(units={
        "class_name": "__tensor__",
        "config": {"value": [[1], [1, 2]], "dtype": "float32"}}),
    "a spec of a type": dense(units={
        "class_name": "__typespec__",
        "config": {"spec_name": "TypeSpec", "module": "os", "registered_name": None}}),
    "a tuple of nothing": dense(units={"class_name": "__tuple__", "config": 1}),
    "a slice of nothing": dense(units={"class_name": "__slice__", "config": []}),
    "bytes of nothing": dense(units={"class_name": "__bytes__", "config": None}),
    # CVE-2026-0897 and its like: sizes
    "CVE-2026-0897 very many units": dense(units=HUGE),
    "very many units, built": built(dense(units=HUGE)),
    "as many units as fit no file": dense(units=10**8),
    "inputs without end": built(dense(), (None, HUGE)),
    "inputs and units": built(dense(units=10**6), (None, 10**6)),
    "a number of a thousand digits": dense(units=10**1000),
    "negative units": dense(units=-HUGE),
    "units that are text": dense(units="9" * 99),
    "units that are a list": dense(units=[[[]]]),
    "Embedding": built(
        layer("Embedding", input_dim=10**9, output_dim=10**9), (None, 2)),
    "Embedding of moderate sizes": built(
        layer("Embedding", input_dim=10**5, output_dim=10**4), (None, 2)),
    "BatchNormalization": built(layer("BatchNormalization"), (None, HUGE)),
    "PReLU": built(layer("PReLU"), (None, 10**6, 10**6)),
    "LSTM": built(layer("LSTM", units=HUGE), (None, 3, 2)),
    "GRU": built(layer("GRU", units=HUGE), (None, 3, 2)),
    "Conv2D": built(
        layer("Conv2D", filters=10**6, kernel_size=[10**3] * 2), (None, 9, 9, 10**6)),
    "Conv1D": built(layer("Conv1D", filters=1, kernel_size=10**13), (None, 9, 9)),
    "very many layers": layer("Sequential", "keras", layers=[
        layer("InputLayer", batch_shape=[None, 2]), *[layer("Flatten")] * 50_000]),
    "too many layers to count their names": layer("Sequential", "keras", layers=[
        layer("InputLayer", batch_shape=[None, 2]), *[layer("Dropout")] * 200_000]),
    "layers in layers": nested(60, layer("Sequential", "keras", layers=[
        layer("InputLayer", batch_shape=[None, 2]), *[layer("Flatten")] * 11_000])),
    "layers for initializers": layer("Sequential", "keras", layers=9000 * [
        dense(kernel_initializer=dense(kernel_initializer=dense()))]),
    "very many metrics": {**nested(1, dense()), "compile_config": {
        "optimizer": "adam", "loss": "mse", "metrics": ["mse"] * 100_000}},
    "Dense behind RepeatVector": nested(1, [
        layer("RepeatVector", n=HUGE), layer("Flatten"), dense()]),
    "Dense behind ZeroPadding": nested(1, [
        layer("Reshape", target_shape=[2, 1]), layer("ZeroPadding1D", padding=HUGE),
        layer("Flatten"), dense()]),
    "Dense behind UpSampling": nested(1, [
        layer("Reshape", target_shape=[2, 1]), layer("UpSampling1D", size=HUGE),
        layer("Flatten"), dense()]),
    "Reshape": layer("Reshape", target_shape=[HUGE, HUGE]),
    "Input": nested(1, [layer("InputLayer", batch_shape=[HUGE] * 9), dense()]),
    "Constant": dense(
        kernel_initializer=layer("Constant", "keras.initializers", value=[1.0] * 999)),
    "MultiHeadAttention": {
        **layer("MultiHeadAttention", num_heads=10**6, key_dim=10**6),
        "build_config": {"shapes_dict": {
            "query_shape": [None, 4, 8], "value_shape": [None, 4, 8]}}},
    "a build config of text": {**dense(), "build_config": {"input_shape": "abc"}},
    "a build config of dicts": {**dense(), "build_config": {"shapes_dict": [1]}},
    # depth and number
    "models within models": nested(DEEP, dense()),
    "calls that double": twice_called(45),
    "a list without end": dense(units=json.loads("[" * 900 + "]" * 900)),
    # forms
    "no config": {"class_name": "Dense", "config": None},
    "a config that is a list": {"class_name": "Dense", "config": [1, 2]},
    "a layer that is a number": 7,
    "a layer that is nothing": None,
    "a layer that is text": "Dense",
    "unknown arguments": dense(__class__="os", eval="1"),
}  # fmt: skip


def model_config(inner):
    start = layer("InputLayer", batch_shape=[None, 2], name="input")
    layers = inner if isinstance(inner, list) else [start, inner]
    return layer("Sequential", "keras", name="m", layers=layers)


def flattened(config):
    """Lists in the place of one layer are several."""
    if isinstance(config, dict):
        made = {key: flattened(value) for key, value in config.items()}
        if isinstance(made.get("layers"), list):
            each = [x if isinstance(x, list) else [x] for x in made["layers"]]
            made["layers"] = list(itertools.chain(*each))
        return made
    return config


TEXTS = {
    "nothing": "",
    "half": '{"class_name": "Sequential", "conf',
    "a number": "17",
    "not a number": "NaN",
    "a key that is not a number": '{NaN: {"class_name": "Dense"}}',
    "a text": '"Dense"',
    "a list": "[]",
    "very deep": "[" * 100_000,
    "deep and whole": "[" * 900 + "]" * 900,
    "deep dicts": '{"a":' * 5000 + "1" + "}" * 5000,
    "keys twice": '{"class_name": "Sequential", "class_name": "Model", "config": {}}',
    "many lists": '{"class_name": "Sequential", "config": ['
    + "[]," * 3_000_000
    + "1]}",
    "many digits": '{"class_name": "Dense", "config": {"units": ' + "9" * 9999 + "}}",
    "half a letter": '{"class_name": "\\ud800", "config": {}}',
    "no JSON": "__import__('os').system('true')",
    "a class alone": '{"class_name": "Sequential"}',
    "layers are none": '{"class_name": "Sequential", "config": {"layers": null}}',
    "layers are text": '{"class_name": "Sequential", "config": {"layers": "abc"}}',
    "a graph of nothing": '{"class_name": "Functional", "config": {"layers": [], '
    '"input_layers": [["a", 0, 0]], "output_layers": [["a", 0, 0]]}}',
}


# --- bytes ----------------------------------------------------------------------------


def cut(part):
    return lambda content: content[: int(len(content) * part) if part < 1 else part]


def put(place, data):
    def change(content):
        start = place if place >= 0 else len(content) + place
        return content[:start] + data + content[start + len(data) :]

    return change


def found(mark, offset, data, last=False):
    """Put bytes near a mark that the format has."""

    def change(content):
        place = (content.rfind if last else content.find)(mark)
        return put(max(place, 0) + offset, data)(content)

    return change


BYTES = {
    **{f"cut at {n}": cut(n) for n in (1, 4, 8, 24, 47, 96, 0.1, 0.3, 0.5, 0.7, 0.9)},
    "cut by one byte": lambda content: content[:-1],
    "cut by 22 bytes": lambda content: content[:-22],
    "no bytes": lambda content: b"",
    "zeros": lambda content: b"\0" * len(content),
    "only zeros behind the start": lambda content: content[:8].ljust(
        len(content), b"\0"
    ),
    "text": lambda content: b"version https://git-lfs.github.com/spec/v1",
    "a pickle": lambda content: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "without the start": lambda content: content[8:],
    "ones in the start": put(8, b"\xff" * 8),
    "ones behind the start": put(16, b"\xff" * 80),
}
HDF5_BYTES = {
    "no trees": lambda content: content.replace(b"TREE", b"EERT"),
    "no heaps": lambda content: content.replace(b"HEAP", b"PEAH"),
    "no nodes": lambda content: content.replace(b"SNOD", b"DONS"),
    "ones in a tree": found(b"TREE", 8, b"\xff" * 32),
    "ones in a heap": found(b"HEAP", 8, b"\xff" * 24),
    "ones in a node": found(b"SNOD", 8, b"\xff" * 40),
    "many names in a node": found(b"SNOD", 6, b"\xff\xff"),
    "no texts": lambda content: content.replace(b"GCOL", b"LOCG"),
}
END, ENTRY = b"PK\5\6", b"PK\1\2"
ZIP_BYTES = {
    "a huge directory": found(END, 12, b"\xfe\xff\xff\x7f", last=True),
    "a huge count": found(END, 8, b"\xff\xff\xff\xff", last=True),
    "a directory elsewhere": found(END, 16, b"\0\0\0\0", last=True),
    "no directory": lambda content: content.replace(ENTRY, b"XX\1\2"),
    "encrypted": found(ENTRY, 8, b"\1\0", last=True),
    "another packing": found(ENTRY, 10, b"\x63\0", last=True),
    "a larger size": found(ENTRY, 24, b"\xff\xff\xff\x0f", last=True),
    "a larger packed size": found(ENTRY, 20, b"\xff\xff\xff\x0f", last=True),
    "a place elsewhere": found(ENTRY, 42, b"\xff\xff\xff\x0f", last=True),
    "the place of another": found(ENTRY, 42, b"\0\0\0\0", last=True),
    "a member that is a link": found(ENTRY, 38, b"\0\0\xff\xa1", last=True),
}

# --- members of an archive ------------------------------------------------------------


def with_member(name, content=b"x", packed=False, **about):
    def change(archive):
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        for key, value in about.items():
            setattr(info, key, value)
        archive.writestr(info, content)

    return change


MEMBERS = {
    "GHSA-hqp4-2352-xf5r a name upwards": with_member("../canary"),
    "a name upwards inside": with_member("assets/../../canary"),
    "an absolute name": with_member("/tmp/canary"),
    "a drive": with_member("C:\\canary"),
    "backslashes": with_member("..\\canary"),
    "a link": with_member("assets", b"/etc/passwd", external_attr=0o120777 << 16),
    "a second config": with_member("config.json", b"{}"),
    "a second weights": with_member("model.weights.h5"),
    "a bomb": with_member("assets/x", b"\0" * 2**25, packed=True),
    "many members": lambda archive: [
        archive.writestr(f"assets/{n:060}", b"") for n in range(12_000)
    ],
}


def repacked(source, target, change=None, **contents):
    """Write an archive anew; `change` adds members, `contents` are others for old."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            key = name.split(".")[-1]
            content = contents.get(key, old.read(name))
            if content is not None:
                new.writestr(name, content)
        if change:
            change(new)


# --- all of them ----------------------------------------------------------------------


def kernel_path(file):
    """Where the kernel of shape (2, 1) is that is a weight, no slot."""
    names = []
    file.visititems(
        lambda name, x: names.append(name) if getattr(x, "shape", 0) == (2, 1) else None
    )
    return next(n for n in names if not n.startswith(("optimizer", "kerasish")))


# Ways of loading for each format.
DOORS = {
    "m.h5": ["load_model", "safe_mode=False", "load_weights"],
    "m.keras": ["load_model", "safe_mode=False", "load_weights"],
    "m.weights.h5": ["load_weights", "skip_mismatch"],
    "w.h5": ["load_weights", "by_name", "skip_mismatch"],
}
WHOLE = {name: DOORS[name][:2] for name in ("m.h5", "m.keras")}
# What is only too large beside the arrays of a file: a config alone may say so.
ONLY_FILES = {"as many units as fit no file", "Embedding of moderate sizes"}
OBJECTS = ["model_from_json", "Sequential.from_config", "deserialize_keras_object"]


def _cases():
    for change in ARRAYS:
        for name, doors in DOORS.items():
            if change in WITHOUT_LISTS and name in ("m.keras", "m.weights.h5"):
                continue
            yield from ((change.__name__, name, door) for door in doors)
    for kind, names in (
        (BYTES, DOORS), (HDF5_BYTES, ["m.h5", "m.weights.h5"]),
        (ZIP_BYTES, ["m.keras"]),
        (MEMBERS, ["m.keras"]),
    ):  # fmt: skip
        yield from ((k, n, DOORS[n][0]) for k in kind for n in names)
    for key in CONFIGS:
        for name, doors in WHOLE.items():
            yield from ((key, name, door) for door in doors)
        if key not in ONLY_FILES:
            yield from ((key, "object", door) for door in OBJECTS)
    for key in TEXTS:
        yield from ((key, name, "load_model") for name in WHOLE)
        yield key, "object", "model_from_json"


CASES = list(_cases())
# Damage in what nobody reads, or what says the same as before.
HARMLESS = {
    "attribute_bomb | m.keras",
    "ones in the start | m.keras",
    "a huge count | m.keras",
}


def make(folder, key, name):
    """Write the file of a case; return its path, or the config."""
    if name == "object":
        if key in TEXTS:
            return TEXTS[key]
        return flattened(model_config(CONFIGS[key]))
    path = folder / f"case-{name}"
    content = (folder / name).read_bytes()
    for table in (BYTES, HDF5_BYTES, ZIP_BYTES):
        if key in table:
            path.write_bytes(table[key](content))
            return path
    if key in MEMBERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            repacked(folder / name, path, MEMBERS[key])
        return path
    if key in TEXTS or key in CONFIGS:
        text = TEXTS.get(key)
        if text is None:
            text = json.dumps(flattened(model_config(CONFIGS[key])))
        if name == "m.keras":
            repacked(folder / name, path, json=text)
            return path
        path.write_bytes(content)
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = text
        return path
    change = next(c for c in ARRAYS if c.__name__ == key)
    inner = folder / "inner.h5"
    if name == "m.keras":
        with zipfile.ZipFile(folder / name) as archive:
            content = archive.read("model.weights.h5")
    inner.write_bytes(content)
    with h5py.File(inner, "a") as file:
        change(file, kernel_path(file))
    if name == "m.keras":
        repacked(folder / name, path, h5=inner.read_bytes())
        return path
    return inner.rename(path)


def small(kerasish):
    layers = [kerasish.Input((2,)), kerasish.layers.Dense(1, name="only")]
    return kerasish.Sequential(layers, name="m")


def write_good(kerasish, folder):
    """The files that the others are made of."""
    model = small(kerasish)
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 2)), np.ones((2, 1)))
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    model.save_weights(folder / "m.weights.h5")
    model.save_weights(folder / "w.h5")
    with h5py.File(folder / "secret.h5", "w") as file:
        file["secret"] = np.full((2, 1), 42.0, "f4")
        file.create_group("vars")
    return model


def load(kerasish, thing, door):
    if door == "load_model":
        return kerasish.models.load_model(thing)
    if door == "safe_mode=False":
        return kerasish.models.load_model(thing, safe_mode=False)
    if door == "model_from_json":
        text = thing if isinstance(thing, str) else json.dumps(thing)
        return kerasish.models.model_from_json(text)
    if door == "Sequential.from_config":
        return kerasish.Sequential.from_config(thing["config"])
    if door == "deserialize_keras_object":
        return kerasish.saving.deserialize_keras_object(thing, safe_mode=False)
    model = small(kerasish)
    options = {} if door == "load_weights" else {door: True}
    model.load_weights(thing, **options)
    return model


def attempt(kerasish, thing, door):
    """Load, and tell what came of it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, result = time.process_time(), {"kind": "", "text": ""}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            load(kerasish, thing, door)
        except Exception as error:
            result = {"kind": type(error).__name__, "text": str(error)[:3000]}
        else:
            result["warned"] = [str(w.message)[:300] for w in seen]
    result["seconds"] = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**result, "mebibytes": (after - before) / 1024}


touched = []


def watch(event, arguments):
    """An audit hook: what no file may bring about."""
    hooks = ("os.system", "subprocess.Popen", "marshal.loads", "pickle.find_class")
    network = event.startswith(("socket.", "urllib.", "os.exec", "os.posix_spawn"))
    secret = event == "open" and str(arguments[0]) in ("/etc/passwd", str(CANARY))
    if event in hooks or network or secret:
        touched.append(f"{event} {arguments}"[:200])


def main():
    os.environ["JAX_PLATFORMS"] = "cpu"
    import kerasish

    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_good(kerasish, folder)
        for door, file in (("load_model", "m.h5"), ("load_weights", "w.h5")):
            assert not attempt(kerasish, folder / file, door)["kind"]
        room = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (room + 2**31, room + 2**31))
        sys.addaudithook(watch)
        for case in CASES[int(sys.argv[1]) :: int(sys.argv[2])]:
            sys.setrecursionlimit(10_000)
            thing = make(folder, *case[:2])
            sys.setrecursionlimit(1_000)
            touched.clear()
            result = attempt(kerasish, thing, case[2])
            results[" | ".join(case)] = {**result, "touched": list(touched)}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
