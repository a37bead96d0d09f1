"""Load for a streaming endpoint, the twin's or a real one, by Locust (https://docs.locust.io).

On one machine, with Locust's web page at http://127.0.0.1:8089 (`make load` is the same), or without it and with a report at the end:

    locust -f tests/load/locustfile.py --endpoint falcon-7b-instruct-tgi --endpoint-url http://127.0.0.1:8080
    locust -f tests/load/locustfile.py --endpoint my-falcon-7b --headless -u 50 -r 10 -t 2m --stop-timeout 60 --html report.html

`-u` is how many streams are open at once, `-r` how many more each second. On several, a master that has the page and workers that stream, each with the
environment that reaches the endpoint (region, keys):

    locust -f tests/load/locustfile.py --master --endpoint falcon-7b-instruct-tgi
    locust -f tests/load/locustfile.py --worker --master-host 10.0.0.1

`--processes -1` starts a worker on every core of one machine; a process of Locust uses one.

In the statistics, an endpoint has the row `answer`, whole answers with their failures and bytes, and three more, of which `Aggregated` takes no notice:
`TTFT`, milliseconds from a request to its first token; `ITL`, milliseconds between two tokens; `tokens/s`, where the columns of milliseconds hold the tokens
per second of one answer. An open stream counts in them, too; a process's first one waits until boto3 has read its models. Whatever else listens to Locust's
event `request` gets each answer with its `timing`.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from locust import User, events, task

from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.endpoints import Endpoint
from backends.events import StreamEvent
from backends.prompts import FAMILIES
from backends.settings import SHAPES
from backends.timing import Timing
from tests.load.sources import FAILURES, SOURCES, Source


def add_arguments(parser: Any) -> None:
    """Add what to stream from to Locust's flags and to its web page."""
    group = parser.add_argument_group("Streaming endpoint")
    group.add_argument("--endpoint", env_var="ENDPOINT_NAME", default="falcon-7b-instruct-lmi", help="the endpoint's name")
    group.add_argument("--endpoint-url", default="", help="SageMaker Runtime or its twin, or with --through container, that; if absent, where boto3 looks")
    group.add_argument("--through", choices=list(SOURCES), default="sagemaker", help="our SageMaker backend, our container backend, or boto3")
    group.add_argument("--accepts", env_var="CHAT_ACCEPTS", choices=list(SHAPES), default="inputs", help="the shape of a request")
    group.add_argument("--family", env_var="CHAT_FAMILY", choices=list(FAMILIES), default="plain", help="the model's family, which turns a chat into a prompt")
    group.add_argument("--prompt", default="How do I build a website?", help="what is asked")
    group.add_argument("--max-new-tokens", type=int, default=256, help="the longest answer")
    group.add_argument("--custom-attributes", default="", help="passed on to the endpoint; the twin takes mock.profile=typical and more")


def open_source(environment: Any, **_: Any) -> None:
    """Make what all users of this process share, before there are any."""
    given = environment.parsed_options
    StreamUser.source = SOURCES[given.through](given.endpoint_url or None)


events.init_command_line_parser.add_listener(add_arguments)  # type: ignore[no-untyped-call]  # Locust's events have no types
events.test_start.add_listener(open_source)  # type: ignore[no-untyped-call]


class Rows(Timing):
    """A tap that enters each token's latency into Locust's statistics as it arrives."""

    def __init__(self, stats: Any, name: str) -> None:
        super().__init__()
        self._rows = {kind: stats.get(name, kind) for kind in ("TTFT", "ITL", "tokens/s")}
        self._latest_s: float | None = None

    def event(self, event: StreamEvent, at_s: float, start: int, end: int) -> None:
        tokens = self.tokens
        super().event(event, at_s, start, end)
        if self.tokens > tokens:
            kind, since_s = ("TTFT", 0.0) if self._latest_s is None else ("ITL", self._latest_s)
            self._rows[kind].log((at_s - since_s) * 1000, 0)
            self._latest_s = at_s

    def close(self) -> None:
        """Enter the answer's rate, if it has one."""
        if self.tokens_per_s is not None:
            self._rows["tokens/s"].log(self.tokens_per_s, 0)


class StreamUser(User):
    """Asks for one answer after another."""

    source: Source

    def on_start(self) -> None:
        given: Any = self.environment.parsed_options
        self._request = ChatRequest(
            messages=[ChatMessage("user", given.prompt)],
            endpoint=Endpoint(given.endpoint, given.accepts, given.family, given.endpoint_url or None),
            parameters=Parameters(max_new_tokens=given.max_new_tokens),
            custom_attributes=given.custom_attributes or None,
        )

    @task
    def answer(self) -> None:
        name, failure, start_s = self._request.endpoint.name, None, monotonic()
        rows = Rows(self.environment.stats, name)
        try:
            self.source.stream(self._request, rows)
        except FAILURES as error:
            failure = error
        took_ms = (monotonic() - start_s) * 1000
        rows.close()
        self.environment.events.request.fire(
            request_type="answer", name=name, response_time=took_ms, response_length=rows.bytes, exception=failure, context={}, timing=rows
        )
