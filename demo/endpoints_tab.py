"""The endpoints tab: what the page can talk to, and on a private page what else a person lets it find: a container by its address, the endpoints of an account.

What somebody finds and adds is theirs alone, and lasts as long as their page. AWS is asked for nothing before they press a button. A public page has neither
the controls nor the functions behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import gradio as gr

from backends.account import Account, AccountPage, profiles, regions
from backends.endpoints import Accepts
from backends.errors import BackendError, ConfigurationError, TransportError
from backends.probe import probe
from backends.prompts import FAMILIES
from backends.settings import SHAPES
from demo.answers import html_area
from demo.create_area import CreateArea
from demo.desk import Desk
from demo.endpoint_view import advice, failure, own, table, told
from demo.found import CONTAINER, SAGEMAKER, Found, at_address, of_account
from demo.labels import label, words_of
from demo.limits import PRIVATE, Limits
from demo.literal import note
from demo.panel import Panel

LIST_S = 90.0
"""How long an account may take for a page of its endpoints, or for one; a program that gives credentials may wait for somebody who is not there."""
AT_ONCE = 8
"""How many people may wait for AWS or for a container at the same time."""
THREADS = ThreadPoolExecutor(AT_ONCE, "account")
"""Where an account is asked: not where requests are signed, which an account that hangs would stop."""

Updates: TypeAlias = dict[Any, Any]
Founds: TypeAlias = tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an account was asked for."""

    profile: str = ""
    region: str = ""
    contains: str = ""
    token: str | None = None

    def page(self) -> AccountPage:
        """Return what it tells; blocks, and raises BackendError."""
        return Account(region=self.region or None, profile=self.profile or None).page(contains=self.contains, token=self.token)


class EndpointsTab:
    """The endpoints that there are, and those that are found; made inside the `gr.Tab` that it fills.

    Args:
        pickers: Other lists of endpoints than the panel's.
        tabs: Where the chat is shown by `chat`.
        limits: What people may create.
    """

    def __init__(self, desk: Desk, panel: Panel, pickers: Sequence[gr.Dropdown], tabs: gr.Tabs, tab: gr.Tab, *, limits: Limits = PRIVATE) -> None:
        self._desk, self._panel, self._pickers, self._tabs = desk, panel, pickers, tabs
        self._searching: set[str] = set()
        self._own = gr.State(own(desk))
        gr.Markdown(f"## {label('On this page')}", elem_classes="head")
        self._listed = html_area("", "endpoints-own")
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        if desk.public:
            html_area(note(label("This page is public: it reaches these endpoints and no others.")), "endpoints-public")
            tab.select(self._show_own, self._own, self._listed, **quick)
            if desk.twin:
                self._create(limits, tab)
            return
        self._check = gr.Button(label("Ask how they are"), size="sm", scale=0, visible=not desk.scripted, elem_id="endpoints-check")
        self._create(limits, tab)
        self._find()
        self._choose()
        tab.select(self._open, self._own, [self._listed, self._profile, self._region, self._said], **quick)
        self._wire(quick)

    def _create(self, limits: Limits, tab: gr.Tab) -> None:
        area = CreateArea(self._desk, self._panel, self._pickers, self._tabs, limits)
        given, shown = area.on_opening
        tab.select(area.open, given, shown, queue=False, show_progress="hidden", api_visibility="private")

    def _find(self) -> None:
        gr.Markdown(f"## {label('A container by its address')}", elem_classes="head")
        with gr.Row(elem_classes="finding"):
            self._address = gr.Textbox(label=label("Address"), placeholder="http://127.0.0.1:8080", max_lines=1, scale=1, elem_id="address")
            self._look = gr.Button(label("Find out"), scale=0, min_width=104, elem_id="look")
        html_area(note(label("It is asked what it is, in a few short requests; none of them asks its model.")), "address-hint")
        gr.Markdown(f"## {label('The endpoints of an AWS account')}", elem_classes="head")
        with gr.Row(elem_classes="finding"):
            unset = [(label("as configured"), "")]
            self._profile = gr.Dropdown(unset, value="", label=label("AWS profile"), min_width=150, elem_id="aws-profile")
            self._region = gr.Dropdown(unset, value="", label=label("Region"), min_width=150, elem_id="aws-region")
            self._contains = gr.Textbox(label=label("Name contains"), max_lines=1, min_width=150, elem_id="aws-contains")
            self._list = gr.Button(label("List"), scale=0, min_width=104, elem_id="aws-list")
        html_area(note(label("Nothing is asked before you press List; then AWS is, with the credentials of the machine that serves this page.")), "aws-hint")

    def _choose(self) -> None:
        self._known, self._asked = gr.State(()), gr.State(Asked())
        self._said = html_area("", "endpoints-said")
        self._table = html_area("", "endpoints-found")
        self._more = gr.Button(label("More"), size="sm", scale=0, visible=False, elem_id="aws-more")
        with gr.Row(visible=False, elem_classes="finding", elem_id="endpoints-use") as self._use:
            self._picked = gr.Dropdown([], label=label("Found"), filterable=False, scale=2, min_width=220, elem_id="found")
            self._accepts = gr.Dropdown(list(SHAPES), label=label("Takes"), filterable=False, scale=1, min_width=110, elem_id="found-accepts")
            self._family = gr.Dropdown(sorted(FAMILIES), label=label("Family"), filterable=False, scale=1, min_width=110, elem_id="found-family")
            self._add = gr.Button(label("Chat with it"), variant="primary", scale=0, min_width=120, elem_id="found-add")
        self._advice = html_area("", "found-advice")

    def _wire(self, quick: dict[str, Any]) -> None:
        choosing = [self._known, self._table, self._use, self._picked, self._accepts, self._family, self._advice]
        found = [self._said, *choosing]
        asking: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": AT_ONCE, "concurrency_id": "finding"}
        account = [*self._searches, self._asked, *found]
        gr.on([self._address.submit, self._look.click], self._look_at, [self._address, self._known], account, **asking)
        asked = [self._profile, self._region, self._contains, self._known]
        gr.on([self._contains.submit, self._list.click], self._list_account, asked, account, **asking)
        self._more.click(self._list_more, [self._asked, self._known], account, **asking)
        self._check.click(self._ask_own, self._own, [self._check, self._own, self._listed, self._said], **asking)
        self._picked.input(self._pick, [self._picked, self._known], [self._accepts, self._family, self._advice], **quick)
        added = [self._panel.found, self._panel.endpoint, *self._pickers, self._tabs]
        self._add.click(self._add_picked, [self._picked, self._accepts, self._family, self._known, self._panel.found], added, **quick)

    async def _show_own(self, listed: Founds, request: gr.Request) -> Any:
        return table(listed, words_of(request))

    async def _open(self, listed: Founds, request: gr.Request) -> Updates:
        """Show what there is, and what may be asked: the profiles of the configuration, and boto3's regions."""
        shown = {self._listed: table(listed, words_of(request))}
        try:
            named, known = await asyncio.to_thread(lambda: (profiles(), regions()))
        except ConfigurationError as error:
            return shown | {self._said: failure(error)}
        unset = (label("as configured"), "")
        return shown | {
            self._profile: gr.update(choices=[unset, *((name, name) for name in named)]),
            self._region: gr.update(choices=[unset, *((name, name) for name in known)]),
        }

    async def _ask_own(self, listed: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        """Ask each of the page's own endpoints, or SageMaker about it, how it is."""
        words = words_of(request)
        yield {self._check: gr.update(interactive=False), self._said: told(words("Asking …"))}
        try:
            listed = tuple(await asyncio.gather(*(self._asked_again(found) for found in listed)))
            said = "".join(advice(found, words) for found in listed)
        except BackendError as error:
            said = failure(error)
        yield {self._check: gr.update(interactive=True), self._own: listed, self._listed: table(listed, words), self._said: said}

    async def _asked_again(self, found: Found) -> Found:
        """Return one of the page's own endpoints as it is now; what it takes stays what the page's owner says."""
        self._desk.check_private()
        if found.front == CONTAINER:
            probed = await probe(found.endpoint.url or "")
            return replace(found, status=probed.health, container=probed.recognised.container)
        endpoint = found.endpoint
        described = await _in_thread(lambda: Account().describe(endpoint.name))
        now = next((each for each in described if each.component == endpoint.component), described[0])
        if now.error and not now.status:
            raise now.error
        return replace(found, status=now.status, reason=now.reason, container=now.recognised.container)

    @property
    def _searches(self) -> list[gr.Button]:
        return [self._look, self._list, self._more]

    async def _alone(self, search: AsyncGenerator[Updates], request: gr.Request) -> AsyncGenerator[Updates]:
        """Let a search run unless the page waits for another: each adds to what was known as it began."""
        page = request.session_hash or ""
        if page in self._searching:
            yield {self._said: gr.skip()}
            return
        self._searching.add(page)
        try:
            async with aclosing(search) as updates:
                async for update in updates:
                    yield update
        finally:
            self._searching.discard(page)

    def _looks(self, *, is_free: bool) -> Updates:
        return {search: gr.update(interactive=is_free) for search in self._searches}

    async def _look_at(self, typed: str, known: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        async with aclosing(self._alone(self._looking(typed, known, request), request)) as search:
            async for updates in search:
                yield updates

    async def _looking(self, typed: str, known: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        words, ready = words_of(request), self._looks(is_free=True)
        yield self._looks(is_free=False) | {self._said: told(words("Asking …"))}
        try:
            self._desk.check_private()
            found = at_address(await probe(typed or ""))
        except BackendError as error:
            yield ready | {self._said: failure(error)}
            return
        rest = tuple(each for each in known if each.label != found.label)
        yield ready | {self._said: ""} | self._found((found, *rest), found, request)

    async def _list_account(self, profile: str, region: str, contains: str, known: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        asked = Asked(profile or "", region or "", (contains or "").strip())
        containers = tuple(each for each in known if each.front == CONTAINER)
        async with aclosing(self._alone(self._listing(asked, containers, request), request)) as search:
            async for updates in search:
                yield updates

    async def _list_more(self, asked: Asked, known: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        async with aclosing(self._alone(self._listing(asked, known, request), request)) as search:
            async for updates in search:
                yield updates

    async def _listing(self, asked: Asked, known: Founds, request: gr.Request) -> AsyncGenerator[Updates]:
        words, ready = words_of(request), self._looks(is_free=True)
        yield self._looks(is_free=False) | {self._said: told(words("Asking AWS …"))}
        try:
            self._desk.check_private()
            page = await _in_thread(asked.page)
        except BackendError as error:
            yield ready | {self._said: failure(error)}
            return
        listed = tuple(of_account(each, page.region, asked.profile or None) for each in page.endpoints)
        errors = [each.error for each in page.endpoints if each.error]
        known = (*known, *listed)
        said = words.count(sum(found.front == SAGEMAKER for found in known), "{n} endpoint in {region}.", "{n} endpoints in {region}.", region=page.region)
        more = gr.update(visible=page.token is not None, interactive=True)
        shown = {self._said: told(said) + (failure(errors[0]) if errors else ""), self._more: more, self._asked: replace(asked, token=page.token)}
        picked = next((found for found in listed if found.status == "InService"), listed[0] if listed else None)
        yield ready | shown | self._found(known, picked, request)

    def _found(self, known: Founds, picked: Found | None, request: gr.Request) -> Updates:
        """Show what is known, and offer one of it."""
        names = [found.label for found in known]
        shown = {self._known: known, self._table: table(known, words_of(request)), self._use: gr.update(visible=bool(known))}
        picked = picked or next(iter(known), None)
        offered = {self._picked: gr.update(choices=names, value=picked.label if picked else None)}
        return shown | offered | (self._offer(picked, request) if picked else {self._advice: ""})

    def _offer(self, found: Found, request: gr.Request) -> Updates:
        return {self._accepts: found.endpoint.accepts, self._family: found.endpoint.family, self._advice: advice(found, words_of(request))}

    async def _pick(self, picked: str | None, known: Founds, request: gr.Request) -> Updates:
        found = _by_label(known).get(picked or "")
        return self._offer(found, request) if found else {self._advice: gr.skip()}

    async def _add_picked(self, picked: str | None, accepts: Accepts, family: str, known: Founds, added: Founds) -> Updates:
        """Put what is picked into this person's lists, and let them chat with it; what another search took off the list is passed over."""
        self._desk.check_private()
        found = _by_label(known).get(picked or "")
        if found is None:
            return {self._panel.found: gr.skip()}
        found = found.taking(accepts, family)
        added = tuple((_by_label(added) | {found.label: found}).values())
        names = self._panel.names(added)
        return {
            self._panel.found: added,
            self._panel.endpoint: gr.update(choices=names, value=found.label, interactive=True),
            **{picker: gr.update(choices=names, interactive=True) for picker in self._pickers},
            self._tabs: gr.update(selected="chat"),
        }


def _by_label(known: Founds) -> dict[str, Found]:
    return {found.label: found for found in known}


async def _in_thread(ask: Any) -> Any:
    """Return what a function that blocks gives; raises TransportError if that takes too long."""
    try:
        async with asyncio.timeout(LIST_S):
            return await asyncio.get_running_loop().run_in_executor(THREADS, ask)
    except TimeoutError as error:
        raise TransportError(f"AWS, or what gives its credentials, did not answer within {LIST_S:g} s", phase="headers", timed_out=True) from error
