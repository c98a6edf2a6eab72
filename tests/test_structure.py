"""The shape of the house: who may import whom, how long things are, what is public."""

import ast
import functools
import importlib
import inspect
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kerasish"
FILES = sorted(PACKAGE.rglob("*.py"))

# Imports go only downwards: each row may import itself and the rows above it.
# The longest name that fits a module decides.
ROWS = [
    ["config", "documents", "dtypes", "names", "tree", "registry", "legacy.names"]
    + ["legacy.arguments", "legacy.words", "legacy"]
    + ["visualization.axes", "visualization.charts", "visualization.picture"],
    ["backend"],
    ["operators", "variable", "graph", "masks"],
    ["ops", "random", "dtype_policies", "devices", "quantizers", "rematerialization"],
    ["symbolic", "activations", "initializers", "regularizers", "constraints"]
    + ["losses", "optimizers.schedules"],
    ["layers.layer", "layers.owner", "layers.signature", "layers.input_spec"]
    + ["layers.quantization"]
    + ["metrics", "optimizers"],
    ["layers", "mixed_precision"],
    ["data", "callbacks", "saving"],
    ["export"],
    ["doctor"],
    ["training"],
    ["models"],
    ["", "utils", "replicas", "datasets", "visualization", "wrappers", "distribution"]
    + ["distillation", "applications", "preprocessing", "playground"]
    + ["neuralnet"]
    + ["legacy.backend", "legacy.configs", "legacy.graph"]
    + ["legacy.image", "legacy.image_files"]
    + ["legacy.install", "legacy.layers", "legacy.models", "legacy.scikit_learn"]
    + ["legacy.sequence", "legacy.text", "legacy.utils"],
    ["__main__", "commands"],
]
RANK = {name: rank for rank, row in enumerate(ROWS) for name in row}

# Third parties that a function may import when it is called, each with the reason.
LATE = {
    "PIL": "optional: the extra `images`",
    "matplotlib": "optional: the extra `plot`",
    "pandas": "optional: met only in the hands of those who have it",
    "onnx": "optional: the extra of that name",
    "orbax": "optional: the extra of that name",
    "safetensors": "optional: the extra of that name",
    "sklearn": "optional: the extra `examples`",
    "IPython": "optional: there only inside a notebook",
    "scipy": "slow: one initializer, sounds and old warps; JAX brings it along",
    "tqdm": "slow: needed only by who watches a progress bar",
}
# Those that only the backend of that name may import.
BEHIND_THE_SEAM = {"jax", "jaxlib", "autograd", "torch"}

# What must be read to understand all of it. Tables of layers, copies of models and the
# checks of data are left out: they can be understood one by one.
NOT_CORE = (
    "models/summary",
    "models/cloning",
    "models/graph_config",
    "models/pure",
    "models/state_tree",
    "models/texts",
    "training/sharing",
    "training/rows",
    "training/replay",
    "training/checks",
    "training/validation",
)
CORE = """operators variable graph backend/__init__ layers/layer layers/owner
    layers/signature layers/dense training/ models/ optimizers/optimizer""".split()

# Namespaces whose every public name in Keras is here, and those on the way.
COMPLETE = """activations callbacks config constraints initializers losses metrics
    optimizers optimizers.schedules regularizers tree""".split()
PARTIAL = "layers models ops random saving utils".split()
# Signatures that differ on purpose: what is ours besides, with the reason.
EXTENDED: dict[str, str] = {
    "models.Sequential": "Keras hides its arguments behind `*args, **kwargs`",
}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """The name inside the package: `layers.dense`; `` for its `__init__`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def exists(name: str) -> bool:
    base = PACKAGE.joinpath(*name.split("."))
    return base.with_suffix(".py").exists() or (base / "__init__.py").exists()


def rank(name: str) -> int | None:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if (known := ".".join(parts[:end])) in RANK:
            return RANK[known]
    return None


def nodes_with_context(path: Path):
    """Yield `(node, inside a function?)`, leaving out `if TYPE_CHECKING:`."""

    def walk(node: ast.AST, inside: bool):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            yield child, inside
            deeper = inside or isinstance(
                child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
            )
            yield from walk(child, deeper)

    yield from walk(parsed(path), False)


def imports(path: Path):
    """Yield `(module, is ours, inside a function?, line)` of each import."""
    package = module_name(path).split(".") if module_name(path) else []
    if path.name != "__init__.py":
        package = package[:-1]
    for node, inside in nodes_with_context(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                ours = alias.name.split(".")[0] == "kerasish"
                name = alias.name.removeprefix("kerasish").lstrip(".")
                yield name if ours else alias.name, ours, inside, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            ours = node.level > 0 or base.split(".")[0] == "kerasish"
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = ".".join([*above, base]).strip(".")
            elif ours:
                base = base.removeprefix("kerasish").lstrip(".")
            for alias in node.names:
                full = f"{base}.{alias.name}".strip(".")
                yield full if ours and exists(full) else base, ours, inside, node.lineno


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_imports_go_downwards():
    wrong = []
    for path in FILES:
        own = rank(module_name(path))
        if own is None:
            wrong.append(f"{path.relative_to(ROOT)} has no place in ROWS")
            continue
        for name, ours, _, line in imports(path):
            target = rank(name) if ours else -1
            if target is None or target > own:
                wrong.append(f"{where(path, line)} imports `{name or 'kerasish'}`")
    assert not wrong, "\n".join(wrong)


def test_functions_import_only_late_third_parties():
    wrong = [
        f"{where(path, line)} imports `{name or 'kerasish'}` inside a function"
        for path in FILES
        for name, ours, inside, line in imports(path)
        if inside and (ours or name.split(".")[0] not in LATE)
    ]
    assert not wrong, "\n".join(wrong)


def test_array_libraries_stay_behind_the_seam():
    wrong = [
        f"{where(path, line)} imports `{name}`"
        for path in FILES
        for name, ours, _, line in imports(path)
        if not ours
        and name.split(".")[0] in BEHIND_THE_SEAM
        # backend/__init__ is the contract itself: it names no library
        and not module_name(path).startswith("backend.")
    ]
    assert not wrong, "\n".join(wrong)


def test_only_saving_reads_hdf5():
    wrong = [
        f"{where(path, line)} imports `{name}`"
        for path in FILES
        for name, ours, _, line in imports(path)
        if not ours and name.split(".")[0] == "h5py"
        if not module_name(path).startswith("saving.")
    ]
    assert not wrong, "\n".join(wrong)


@functools.cache
def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def body_lengths() -> list[tuple[int, str]]:
    """The lines of each function's body, its docstring and signature not counted."""
    lengths = []
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            body = node.body[ast.get_docstring(node) is not None :]
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            lengths.append((length, f"{where(path, node.lineno)} {node.name}"))
    return sorted(lengths, reverse=True)


def test_files_are_short():
    long = {module_name(path): lines(path) for path in FILES if lines(path) > 600}
    assert not long


def test_functions_are_short():
    lengths = body_lengths()
    assert not [entry for entry in lengths if entry[0] > 50]
    over = [entry for entry in lengths if entry[0] > 25]
    assert len(over) <= len(lengths) / 10, over


def test_core_and_package_keep_their_budget():
    def in_core(path: Path) -> bool:
        name = path.relative_to(PACKAGE).with_suffix("").as_posix()
        return name not in NOT_CORE and any(
            name == c or (c[-1] == "/" and name.startswith(c)) for c in CORE
        )

    for name in CORE:
        assert exists(name.strip("/").replace("/", ".").removesuffix(".__init__")), name
    assert sum(code_lines(path) for path in FILES if in_core(path)) <= 4_500
    assert sum(map(written_lines, FILES)) <= 67_500


def written_lines(path: Path) -> int:
    """Lines that are not empty."""
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line)


def code_lines(path: Path) -> int:
    """Lines of code: no docstrings, comments, empty lines."""
    documented: set[int] = set()
    for node in ast.walk(parsed(path)):
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            first = node.body[0]
            documented |= set(range(first.lineno, first.end_lineno + 1))
    text = path.read_text(encoding="utf-8").splitlines()
    return sum(
        1
        for number, line in enumerate(text, 1)
        if line.strip() and line.strip()[0] != "#" and number not in documented
    )


def test_import_loads_neither_jax_nor_h5py():
    heavy = "jax jaxlib h5py keras matplotlib pandas sklearn scipy autograd torch tqdm"
    code = f"""if True:
        import sys
        import kerasish
        print(*sorted(set(sys.modules) & set({heavy.split()!r})))
        """
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def public(module: types.ModuleType) -> dict[str, object]:
    return {
        name: getattr(module, name)
        for name in dir(module)
        if name[0] != "_" and not isinstance(getattr(module, name), types.ModuleType)
    }


def parameters(thing: object) -> list[tuple[str, str, str]] | None:
    """Name, kind and default of each parameter; None where Python cannot tell."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    return [
        (p.name, str(p.kind), repr(p.default)) for p in signature.parameters.values()
    ]


def both(namespace: str) -> tuple[dict[str, object], dict[str, object]]:
    pytest.importorskip("keras")
    ours, theirs = (
        public(importlib.import_module(f"{root}.{namespace}"))
        for root in ("kerasish", "keras")
    )
    return ours, theirs


@pytest.mark.parametrize("namespace", COMPLETE)
def test_every_public_name_of_keras_is_here(namespace):
    ours, theirs = both(namespace)
    assert not sorted(set(theirs) - set(ours))


@pytest.mark.parametrize("namespace", COMPLETE + PARTIAL)
def test_signatures_are_those_of_keras(namespace):
    ours, theirs = both(namespace)
    wrong = []
    for name in sorted(set(ours) & set(theirs)):
        mine, other = parameters(ours[name]), parameters(theirs[name])
        if f"{namespace}.{name}" in EXTENDED or other is None:
            continue
        if mine != other:
            wrong.append(f"{namespace}.{name}\n  ours {mine}\n  Keras {other}")
    assert not wrong, "\n".join(wrong)
