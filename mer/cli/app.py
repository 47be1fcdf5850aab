"""`mer app`: a page on this machine that looks at videos."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mer.cli.command import Command, Parser
from mer.errors import ConfigError

__all__ = ["COMMAND"]

_HOST = "127.0.0.1"


def _fill(parser: Parser) -> None:
    parser.setting("port", "port of this machine (7860)", default="7860", metavar="PORT")
    parser.home("the folder of models; MER_HOME (./mer_home) by default")


def _run(asked: Namespace) -> int:
    """Serve the page until it is stopped."""
    if not asked.port.isdecimal() or not 0 < int(asked.port) < 65536:
        raise ConfigError(f"port={asked.port}: must be a number from 1 to 65535")
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise ConfigError("mer app needs Gradio; run pip install 'micro-expression[app]'") from error
    from mer.app.serve import serve

    serve(Path(asked.home), _HOST, int(asked.port))
    return 0


COMMAND = Command(
    help="open a page on this machine that looks at videos of your own",
    description="Serves a page on this machine alone: drop a video, choose a model, see what moved, when, and which\n"
    "expression it may be. Nothing leaves the machine; uploads are deleted when they have been looked at.",
    examples="  mer app\n  mer app port=7861 home=/data/mer",
    fill=_fill,
    run=_run,
)
