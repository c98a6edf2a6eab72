"""`python -m kerasish COMMAND`: look at model files, change their format, try out."""

import argparse
import inspect
import os
import sys

from . import __version__, commands

MISTAKES = (OSError, ValueError, ImportError, TypeError, NotImplementedError)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status.

    It is 0 if all is well, 1 if files differ or one is refused, 2 if a command, a file
    or a package is missing, 130 if it was interrupted.
    """
    parser = argparse.ArgumentParser("python -m kerasish", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in commands.__all__:
        function = getattr(commands, name)
        about = inspect.cleandoc(function.__doc__ or "")
        choice = choices.add_parser(name, help=about, description=about)
        for argument in inspect.signature(function).parameters.values():
            _add(choice, argument)
    given = vars(parser.parse_args(arguments))
    try:
        status = getattr(commands, given.pop("command"))(**given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except MISTAKES as error:
        print(
            f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr
        )
        return int(isinstance(error, (ValueError, TypeError))) or 2


def _add(parser: argparse.ArgumentParser, argument: inspect.Parameter) -> None:
    """Let a command have an argument: an option if it has a default."""
    name, default = argument.name, argument.default
    if default is argument.empty:
        parser.add_argument(name, metavar=name.upper())
    elif default is True:
        parser.add_argument(f"--no-{name}", dest=name, action="store_false")
    else:
        about = "default: %(default)s"
        parser.add_argument(
            f"--{name}", type=type(default), default=default, help=about
        )


if __name__ == "__main__":
    sys.exit(main())
