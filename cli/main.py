"""The `nurture` command: which words it takes and with which code it ends; each command's own module does the work."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

import typer
from sqlalchemy.exc import OperationalError

from cli.console import INPUT_IS_WRONG, NOT_AVAILABLE, Ended, code_of, err, say_error
from nurture.errors import NurtureError

COMMANDS = {
    "up": "cli.serve",
    "demo": "cli.serve",
    "check": "cli.folder",
    "deploy": "cli.deploy",
    "deployments": "cli.deployments",
    "keys": "cli.keys",
    "users": "cli.users",
    "migrate": "cli.migrate",
    "simulate": "cli.simulate",
    "graph": "cli.graph",
    "send-test": "cli.send_test",
    "leads": "cli.leads",
    "enroll": "cli.enroll",
    "segments": "cli.segments",
    "journey": "cli.journey",
    "score": "cli.qualification",
    "hot": "cli.qualification",
    "guide": "cli.guide",
    "mail": "cli.mail",
    "report": "cli.report",
    "backtest": "cli.backtest",
    "schema": "cli.folder",
    "prepare": "cli.serve",
    "web": "cli.serve",
    "relay": "cli.serve",
}
"""Each command and the module that registers it; only that one is loaded, so that every command starts fast."""

_CLICK_USAGE_ERROR = 2


class _Module(Protocol):
    def register(self, app: typer.Typer) -> None:
        """Add the module's commands to the app."""


def make_app(*words: str) -> typer.Typer:
    """The app with the commands of these words only; with all of them where none is a command."""
    app = typer.Typer(
        name="nurture",
        help="Nurture walks leads through scenarios, one durable workflow for each, until they are ready for sales.",
        epilog="Begin with: nurture demo · nurture check scenarios · nurture up",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    wanted = [COMMANDS[word] for word in words[:1] if word in COMMANDS] or COMMANDS.values()
    for name in dict.fromkeys(wanted):
        cast("_Module", import_module(name)).register(app)
    _flow(app)
    app.callback()(lambda: None)  # so that an app with one command still takes its name
    return app


def _flow(app: typer.Typer) -> None:
    """Let help fill the terminal's width: lines of docstrings end where the code's do, examples anywhere."""
    for command in app.registered_commands:
        told = command.help or inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(each.replace("\n", " ") for each in told.split("\n\n"))
        command.epilog = _listed(command.epilog)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance.info.epilog = _listed(group.typer_instance.info.epilog)
            _flow(group.typer_instance)


def _listed(epilog: str | None) -> str | None:
    """Several examples below each other, so that none is broken."""
    return epilog.replace("Examples: ", "Examples:\n").replace(" · ", "\n") if epilog else epilog


def run(argv: Sequence[str]) -> int:
    """Run one command line; 0 ok, 1 the input is wrong, 2 the system is not available."""
    try:
        make_app(*argv)(args=list(argv), prog_name="nurture")
    except Ended as ended:
        return ended.code
    except NurtureError as error:
        say_error(error)
        return code_of(error)
    except OperationalError as error:
        what, do = "the database does not answer", "look at NURTURE_DATABASE_URL, and whether its server runs"
        say_error(NurtureError(what, where=str(error.orig), do=do))
        return NOT_AVAILABLE
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away: that is no error, and nobody is there to be told
        return 0
    except KeyboardInterrupt:
        err.print("stopped")
        return 130
    except SystemExit as asked:  # Typer's own end: 0, or 2 for a command line it cannot read
        code = asked.code if isinstance(asked.code, int) else INPUT_IS_WRONG
        return INPUT_IS_WRONG if code == _CLICK_USAGE_ERROR else code
    return 0


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
