"""The page's layout, and what it is dressed in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from demo.admission import Admission
from demo.answers import html_area
from demo.chat import ChatTab
from demo.compare_tab import CompareTab
from demo.desk import Desk
from demo.downloads import Downloads
from demo.endpoints_tab import EndpointsTab
from demo.found import CONTAINER, SAGEMAKER, is_elsewhere
from demo.labels import BROWSER, label, words_of
from demo.language import mark
from demo.limits import PRIVATE, Limits
from demo.link_area import LinkArea
from demo.media import media_route
from demo.panel import Panel
from demo.sent_area import SentArea
from demo.shelf_panel import ShelfPanel
from demo.tape import Tapes
from demo.tokens_tab import TokensTab
from demo.whole_updates import WholeUpdates
from demo.wire_tab import WireTab, recording_lines

_HERE = Path(__file__).parent

HEADLINES = {
    SAGEMAKER: mark("An endpoint of an AWS account, with the credentials of the machine that serves this page."),
    CONTAINER: mark("A model container, reached directly."),
}
"""What stands at the top of the page while one talks to an endpoint that one found."""
UPLOADS_S = 3600
"""How long a file is kept that was uploaded and nobody took, and how often is looked for such."""
SPARE = 20
"""Events of pages that are handled beside as many answers as there may be: those, too, that turn somebody away."""

# The packaged semibold cuts hold no Latin letters, so bold text asks for the bold ones.
THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.indigo,
    secondary_hue=gr.themes.colors.indigo,
    neutral_hue=gr.themes.colors.slate,
    radius_size=gr.themes.sizes.radius_lg,
    font=[gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "Noto Sans CJK SC", "system-ui", "sans-serif"],
    font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
).set(
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_cancel_background_fill="#b91c1c",
    button_cancel_background_fill_hover="#991b1b",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    block_title_text_color="*neutral_700",
    block_label_text_color="*neutral_700",
    link_text_color="*primary_600",
    link_text_color_dark="*primary_400",
)


class Page:
    """The Blocks of one page, and what to stop when its server ends."""

    def __init__(self, desk: Desk, limits: Limits = PRIVATE) -> None:
        self._desk = desk
        self._tapes = tapes = Tapes()
        self._downloads = Downloads()
        admission = Admission(limits)
        with WholeUpdates(title="Streamtwin", analytics_enabled=False, fill_height=True, delete_cache=(UPLOADS_S, UPLOADS_S)) as self.blocks:
            html_area(f"<a class='skip' href='#question'>{label('Skip the panel')}</a>", "skip")
            with gr.Sidebar(width=330, elem_id="panel"):
                shelf = ShelfPanel(self._downloads)
                self._panel = panel = Panel(desk)
            header = gr.Markdown(_header(label(desk.headline), desk.place), elem_id="header")
            notice = html_area("", "link-notice", visible=False)
            with gr.Tabs(elem_id="tabs") as tabs:
                with gr.Tab(label("Chat"), id="chat", elem_id="chat-tab"):
                    self._chat = ChatTab(desk, panel, tapes, admission)
                    sent = SentArea(desk, panel, self._chat, tapes)
                    with sent.accordion:
                        LinkArea(desk, panel, self._chat, notice)
                with gr.Tab(label("Compare"), elem_id="compare-tab"):
                    self._compare = CompareTab(desk, panel, tapes, admission)
                with gr.Tab(label("Wire"), elem_id="wire-tab") as tab:
                    self._wire = WireTab(desk, panel, tapes, admission, tab)
                with gr.Tab(label("Tokens"), elem_id="tokens-tab") as tab:
                    TokensTab(tapes, tab)
                with gr.Tab(label("Endpoints"), elem_id="endpoints-tab") as tab:
                    EndpointsTab(desk, panel, self._compare.pickers, tabs, tab, limits=limits)
            quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
            panel.endpoint.change(self._head, {panel.endpoint, panel.found}, header, **quick)
            shelf.wire(self._chat, tabs, self.blocks)
            for leave in (self._chat.leave, self._compare.leave, self._wire.leave, shelf.leave):
                self.blocks.unload(leave)
        # Gradio has 40 places for events of any kind, and a stalled answer keeps its own: whoever came next would wait for it.
        self.blocks.max_threads = limits.answers + SPARE
        # Knowing its Space, Gradio's script would ask huggingface.co for the Space's likes, and Google for fonts.
        self.blocks.space_id = None
        # Nobody but the page itself calls its functions: over the API, one could start answers that no one reads.
        self.blocks.queue(api_open=False)

    def _head(self, values: Mapping[Any, Any], request: gr.Request) -> str:
        """Return the top of the page: whom one talks to."""
        words, found = words_of(request), self._panel.picked(values)
        if found and is_elsewhere(found):
            return _header(words(HEADLINES[found.front]), found.label)
        return _header(words(self._desk.headline), self._desk.place)

    def mount(self, app: FastAPI, *, host: str, port: int, root_path: str) -> None:
        """Serve the page at the root of `app`, and beside it what it plays and its recordings."""
        app.router.routes.extend((media_route(self._tapes), self._downloads.route()))
        app.add_api_route("/recordings/{session}/{number}", self._recording)
        gr.mount_gradio_app(
            app, self.blocks, path="/", server_name=host, server_port=port, root_path=root_path or None, theme=THEME, css_paths=_HERE / "page.css",
            head_paths=_HERE / "page.html", i18n=BROWSER, footer_links=["settings"], run_history=False, ssr_mode=False, show_error=False,
            enable_monitoring=False, pwa=False, mcp_server=False,
        )  # fmt: skip

    async def _recording(self, session: str, number: int) -> Response:
        lines = recording_lines(self._tapes, session, number)
        if lines is None:
            return PlainTextResponse("There is no such recording: the page that it belonged to is gone, or newer answers took its place.", 404)
        headers = {"content-disposition": f'attachment; filename="answer-{number}.jsonl"'}
        return StreamingResponse(lines, headers=headers, media_type="application/jsonlines")

    async def aclose(self) -> None:
        """Stop every answer that is still on its way."""
        await self._chat.aclose()
        await self._compare.aclose()
        await self._wire.aclose()


def _header(headline: str, place: str) -> str:
    return f"# Streamtwin\n{headline} `{place}`"
