"""Our SageMaker backend: events a second beside boto3 on the same stream, and how soon a stalled stream is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from statistics import median
from time import perf_counter

from backends.sagemaker import SageMakerBackend
from backends.wire import Token, decode_events
from mock_server import MockServer
from tests.bench.rows import Row, beside
from tests.bench.servers import TWIN, serve
from tests.contract.clients import KEYS, body, boto3_client, request_for


def rows(scale: float, repeats: int) -> Iterator[Row]:
    streams = max(1, int(60 * scale))
    with serve(*TWIN) as server:
        yield _events(server.url, streams, repeats)
    yield asyncio.run(_closing(max(2, int(20 * scale))))


def _events(url: str, streams: int, repeats: int) -> Row:
    attributes = "mock.script=build-a-website;mock.profile=instant;mock.cut=bytes:20"
    with MockServer() as named:
        endpoint = named.endpoints[0]

    backend = SageMakerBackend(region="us-east-1", endpoint_url=url, credentials=KEYS, use_proxy=False)  # like boto3's client, made once

    async def ours() -> int:
        tokens = 0
        for _ in range(streams):
            async with backend.stream(request_for(endpoint, attributes)) as answer:
                async for event in answer:
                    tokens += event.__class__ is Token
        return tokens

    def by_boto3() -> int:
        client = boto3_client(url)
        tokens = 0
        for _ in range(streams):
            response = client.invoke_endpoint_with_response_stream(
                EndpointName=endpoint.name, ContentType="application/json", Body=body(), CustomAttributes=attributes
            )
            tokens += sum(event.__class__ is Token for event in decode_events(response["Body"], response["ContentType"]))
        return tokens

    amount = by_boto3()
    with asyncio.Runner() as runner:
        assert runner.run(ours()) == amount
        row = beside(
            name="read streams, 20-byte parts, decoded",
            unit="tokens/s",
            amount=amount,
            ours=lambda: runner.run(ours()),
            peer_name="boto3 and our decoder",
            peer=by_boto3,
            repeats=repeats,
            aim="1.0",
        )
        runner.run(backend.aclose())
    return row


async def _closing(repeats: int) -> Row:
    """Measure from `aclose` to the moment at which the twin has seen the client go."""
    took_ms = []
    with MockServer() as twin:
        async with SageMakerBackend(region="us-east-1", endpoint_url=twin.url, credentials=KEYS, use_proxy=False) as backend:
            for finished in range(1, repeats + 1):
                answer = backend.stream(request_for(twin.endpoints[0], "mock.fault=stall@3;mock.script=hello"))
                async with answer:
                    for _ in range(3):
                        await anext(answer)
                    start_s = perf_counter()
                    await answer.aclose()
                    entry = await asyncio.to_thread(twin.journal.wait, finished)
                    took_ms.append((perf_counter() - start_s) * 1000)
                    assert entry.ended == "cancelled"
    return Row("close a stalled stream, until the twin sees it", median(took_ms), "ms", aim="< 10")
