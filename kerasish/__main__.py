"""`python -m kerasish inspect FILE` and `python -m kerasish compare FILE OTHER`."""

import argparse
import sys

from . import __version__, saving


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status: 1 if files differ, 2 for an error."""
    parser = argparse.ArgumentParser("python -m kerasish", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("inspect", help="show what a model file holds")
    show.add_argument("file")
    differ = commands.add_parser("compare", help="show how two model files differ")
    differ.add_argument("file")
    differ.add_argument("other")
    given = parser.parse_args(arguments)

    try:
        if given.command == "inspect":
            print(saving.inspect(given.file))
            return 0
        found = saving.compare(given.file, given.other)
    except (OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
