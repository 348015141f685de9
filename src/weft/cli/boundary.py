"""Where errors end: a person's mistake is one message, a fault of ours is a short one and a log file."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import tempfile
import traceback

from weft.errors import WeftError


def run(arguments: list[str]) -> int:
    """The exit status of a command line."""
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        return _called(arguments)
    except WeftError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        begins = bool(arguments) and arguments[0] in _AT_ONCE
        _say(f"stopped; {'run the same command again' if begins else 'the same command goes on where it was'}")
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; nothing more can be said on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _say("error: the disk is full; free some space and run the same command again")
            return 1
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename is not None:
            where = os.fsdecode(error.filename)
            _say(f"error: {where}: {error.strerror}; expected a file or folder that you may read or write")
            return 2
        return _fault(error)
    except Exception as error:  # the outermost boundary: nobody wants a traceback on their screen
        return _fault(error)


_AT_ONCE = ("pairs", "train")
"""Commands that write all of their output in the end: what was stopped begins anew."""
_TAKE_URLS = ("run", "worker", "status", "logs", "report", "explain", "errors", "diff", "export", "clean")
"""Commands that take a build in object storage where they take a build folder."""
_LOCAL = {"run": "--log", "worker": "--log", "export": "--into", "diff": "--rows"}
"""Options of theirs that name a local place all the same."""
_URL = re.compile(r"(?:s3|gs|gcs|az)://?", re.IGNORECASE)


def _check_urls(arguments: list[str]) -> None:
    """Others would take the URL for a path: say that there is no such file, or make a folder that is called `s3:`."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    takes = ", ".join(f"weft {name}" for name in _TAKE_URLS)
    before = ""
    for word in arguments:
        option, _, value = word.partition("=") if word.startswith("--") else (before, "", word)
        before = word
        found = _URL.match(value)
        if found is None:
            continue
        if command not in _TAKE_URLS:
            raise WeftError(
                f"weft {command}: {value}: expected a local path; builds in object storage are taken by {takes}"
            )
        if option == _LOCAL.get(command):
            raise WeftError(f"weft {command}: {option} {value}: expected a local path")
        if command == "run" and option != "--into":
            raise WeftError(f"weft run: {value}: expected a recipe in a local file; --into takes s3://bucket/folder")
        if not found[0].endswith("//"):
            raise WeftError(f"weft {command}: {value}: expected s3://bucket/folder, with two slashes")


def _called(arguments: list[str]) -> int:
    _check_urls(arguments)

    from weft.cli.application import application
    from weft.cli.starting import with_options_of

    # A shell that asks for completions says what was typed in its environment.
    wanted = application if "_WEFT_COMPLETE" in os.environ else with_options_of(application, set(arguments))
    try:
        status = wanted(arguments, prog_name="weft", standalone_mode=False)
    except Exception as error:
        # Typer uses click's exceptions or carries a copy of them, by its version: told apart by what they have.
        if hasattr(error, "exit_code") and hasattr(error, "show"):
            error.show(sys.stderr)
            return 2
        if type(error).__name__ == "Exit" and hasattr(error, "exit_code"):
            return _status(int(error.exit_code))
        if type(error).__name__ == "Abort" and isinstance(error, RuntimeError):
            raise KeyboardInterrupt from None
        raise
    return _status(status) if isinstance(status, int) else 0


def _status(code: int) -> int:
    """An exit status; typer makes one of Ctrl-C, and says nothing."""
    if code == 130:
        raise KeyboardInterrupt
    return code


def _say(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(message + "\n")


def _fault(error: Exception) -> int:
    """Keep the traceback in a file and say where it is."""
    text = "".join(traceback.format_exception(error))
    handle, path = tempfile.mkstemp(prefix="weft-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write(text)
    _say(f"error: {type(error).__name__}: {error}\nThis is a fault of weft. The details are in {path}")
    return 1
