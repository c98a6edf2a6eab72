"""Makes the pictures of docs/guide/pictures.md by running the code in it."""

import contextlib
import re
from pathlib import Path


def make(page, folder):
    """Run the Python of a page where its pictures belong."""
    text = Path(page).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))
    with contextlib.chdir(folder):
        exec(compile(code, str(page), "exec"), {"__name__": "__main__"})
