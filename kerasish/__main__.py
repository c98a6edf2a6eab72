"""`python -m kerasish inspect FILE` and `python -m kerasish compare FILE OTHER`."""

import argparse
import sys

from . import __version__, saving


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status.

    It is 0 if all is well, 1 if files differ or one is refused, 2 if a command, a file
    or a package is missing.
    """
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
            contents = saving.inspect(given.file)
            print(contents)
            return int(bool(contents.refused))
        differences = saving.compare(given.file, given.other)
        print(differences)
        return int(bool(differences))
    except (OSError, ValueError, ImportError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return int(isinstance(error, ValueError)) or 2


if __name__ == "__main__":
    sys.exit(main())
