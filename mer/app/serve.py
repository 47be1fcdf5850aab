"""Serving the page on this machine alone."""

from __future__ import annotations

import socket
from pathlib import Path

import gradio as gr

from mer.app.page import MAX_FILE, Page, forget
from mer.errors import ConfigError

__all__ = ["serve"]


def serve(home: Path, host: str, port: int) -> None:
    """Serve until Ctrl-C.

    Raises
    ------
    ConfigError
        If the port is in use.
    """
    with socket.socket() as trial:
        if trial.connect_ex((host, port)) == 0:
            raise ConfigError(f"port={port}: already in use, perhaps by another mer app; try port={port + 1}")
    page = Page(home=home).build()
    plain = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    try:
        page.launch(
            server_name=host,
            server_port=port,
            theme=plain,
            share=False,
            quiet=True,
            max_file_size=MAX_FILE,
            footer_links=[],
            prevent_thread_lock=True,
            ssr_mode=False,
        )
        print(f"open http://{host}:{port}\nPress Ctrl-C to stop.", flush=True)
        page.block_thread()
    except KeyboardInterrupt:
        pass
    finally:
        forget()
