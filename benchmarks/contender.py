"""One contender of one workload in a process of its own; prints its measures as JSON.

`python -m benchmarks.contender WORKLOAD CONTENDER [quick]`
"""

import json
import sys

from . import measure, registry


def main(workload: str, contender: str, *quick: str) -> None:
    """Run; the last line printed is the result."""
    found = registry.load(workload).contenders[contender](bool(quick))
    found["peak MiB"] = measure.value(measure.peak_mib())
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
