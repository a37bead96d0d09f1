"""What was created streams: a real boto3 uploads, creates, waits and asks, and the answer is the container's own."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from backends.wire import Finish, Token, decode_events
from mock_server.control.archive import find_file, parse_properties, read_properties
from tests.mock_server.control.neighbours_side import Clients, clients_of
from tests.mock_server.control.rehearsal import CREATION_S, ROLE, VARIANT, Rehearsal

ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
LMI_023 = f"{ECR}/djl-inference:0.23.0-deepspeed0.9.5-cu118"
TGI_093 = f"{ECR}/huggingface-pytorch-tgi-inference:2.0.1-tgi0.9.3-gpu-py39-cu118-ubuntu20.04"
VLLM = f"{ECR}/vllm:0.11.2-gpu-py312-cu129-ubuntu22.04-sagemaker-v1.2"
FALCON_PROPERTIES = """\
# as in the announcement
engine=MPI
option.model_id=tiiuae/falcon-7b-instruct
option.rolling_batch=auto
option.output_formatter=jsonlines
option.enable_streaming=true
"""
INPUTS = {"inputs": "what is life", "parameters": {"max_new_tokens": 20}}
CHAT = {"messages": [{"role": "user", "content": "what is life"}], "max_tokens": 20}
URL = "s3://models/code.tar.gz"


def archive(properties: str = FALCON_PROPERTIES, name: str = "serving.properties") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as members:
        for member, text in (("model.py", "pass"), (name, properties)):
            info = tarfile.TarInfo(member)
            info.size = len(text)
            members.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Journey:
    """A rehearsal with clients of every service."""

    rehearsal: Rehearsal
    clients: Clients

    def upload(self, data: bytes, key: str = "code.tar.gz") -> str:
        """Put an object in a bucket of its own; return its URL."""
        s3 = self.clients("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key=key, Body=data)
        return f"s3://models/{key}"

    def deploy(self, image: str, environment: Mapping[str, str] | None = None, url: str = "") -> None:
        """Create an endpoint of one container, and wait until it is in service."""
        self.create(image, environment, url)
        self.rehearsal.clock.turn()
        assert self.rehearsal.status() == "InService"

    def create(self, image: str, environment: Mapping[str, str] | None = None, url: str = "") -> None:
        container: dict[str, Any] = {"Image": image, "Environment": dict(environment or {})}
        if url.endswith("/"):
            container["ModelDataSource"] = {"S3DataSource": {"S3Uri": url, "S3DataType": "S3Prefix", "CompressionType": "None"}}
        elif url:
            container["ModelDataUrl"] = url
        self.rehearsal.model(PrimaryContainer=container)
        self.rehearsal.config()
        self.rehearsal.endpoint()

    def stream(self, body: Any = INPUTS, name: str = "falcon", **given: Any) -> tuple[str, bytes]:
        """Ask for a stream; return its content type and its bytes."""
        runtime = self.clients("sagemaker-runtime")
        asked = {"EndpointName": name, "ContentType": "application/json", "Body": json.dumps(body), **given}
        answer = runtime.invoke_endpoint_with_response_stream(**asked)
        return answer["ContentType"], b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])

    def container(self) -> str:
        """Return the first words of what a container's own front says of itself in an error."""
        url = self.rehearsal.twin.url
        return httpx.post(f"{url}/containers/falcon/invocations", json=INPUTS, trust_env=False).text

    def refusal(self, **given: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as raised:
            self.stream(**given)
        error = raised.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture
def journey(rehearsal: Rehearsal) -> Iterator[Journey]:
    with clients_of(rehearsal.twin) as clients:
        yield Journey(rehearsal, clients)


JSON_LINES, SSE, SSE_UTF8 = "application/jsonlines", "text/event-stream", "text/event-stream; charset=utf-8"
STREAMED, STREAMED_CHAT = {**INPUTS, "stream": True}, {**CHAT, "stream": True}
MINE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
LINES = {"OPTION_ROLLING_BATCH": "auto", "OPTION_OUTPUT_FORMATTER": "jsonlines"}
EVENTS = {"OPTION_ROLLING_BATCH": "vllm", "OPTION_OUTPUT_FORMATTER": "sse"}
TGI_24 = f"{ECR}/huggingface-pytorch-tgi-inference:2.4.0-tgi2.4.0-gpu-py311-cu124-ubuntu22.04-v2.2"
DIALECTS: dict[str, tuple[str, dict[str, str], Any, str, bytes]] = {
    "LMI 0.23 by variables": (LMI_023, LINES, INPUTS, JSON_LINES, b'{"outputs": ["'),
    "LMI 0.28": (f"{ECR}/djl-inference:0.28.0-lmi10.0.0-cu124", {}, STREAMED, JSON_LINES, b'{"token": {"id"'),
    "the newest LMI": (f"{ECR}/djl-inference:0.38.0-lmi29.0.0-cu130", {}, STREAMED, JSON_LINES, b'{"index": 0, "token"'),
    "LMI by sse": (f"{ECR}/djl-inference:0.36.0-lmi18.0.0-cu128", EVENTS, INPUTS, SSE, b'data: {"token": {"id"'),
    "TGI 0.9": (TGI_093, {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"}, STREAMED, SSE, b'data:{"token":{"id"'),
    "TGI 2.4": (TGI_24, {}, STREAMED, SSE, b'data: {"index":1,"token":{"id"'),
    "vLLM": (VLLM, {}, STREAMED_CHAT, SSE_UTF8, b'data: {"id":"chatcmpl-'),
    "SGLang": (f"{ECR}/huggingface-sglang:0.5.8-gpu-py312", {}, STREAMED_CHAT, SSE_UTF8, b'data: {"id":"'),
    "an image of one's own": (MINE, {"SM_VLLM_MODEL": "m"}, STREAMED_CHAT, SSE_UTF8, b'data: {"id":"chatcmpl-'),
}


@pytest.mark.parametrize(("image", "environment", "body", "kind", "beginning"), DIALECTS.values(), ids=DIALECTS)
def test_what_was_created_streams_in_its_containers_dialect(
    journey: Journey, image: str, environment: dict[str, str], body: Any, kind: str, beginning: bytes
) -> None:
    journey.deploy(image, environment)
    content_type, data = journey.stream(body)
    assert content_type == kind
    assert data.startswith(beginning)
    events = list(decode_events([data], content_type))
    assert isinstance(events[-1], Finish)
    assert any(isinstance(event, Token) and event.text for event in events)


def test_the_posts_archive_makes_its_container_write_the_posts_lines(journey: Journey) -> None:
    journey.deploy(LMI_023, url=journey.upload(archive()))
    kind, data = journey.stream()
    assert kind == "application/jsonlines"
    assert all(list(json.loads(line)) == ["outputs"] for line in data.splitlines())
    assert b"<|endoftext|>" not in data.splitlines()[0]


def test_an_archive_says_how_a_container_of_any_name_answers(journey: Journey) -> None:
    url = journey.upload(archive("option.rolling_batch=vllm\noption.output_formatter=sse\n", "code/serving.properties"))
    journey.deploy("123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1", url=url)
    assert journey.stream()[0] == "text/event-stream"


def test_properties_under_a_prefix_are_read_as_those_in_an_archive(journey: Journey) -> None:
    journey.upload(b"option.rolling_batch=vllm\noption.output_formatter=sse\n", "falcon/serving.properties")
    journey.deploy(f"{ECR}/djl-inference:0.36.0-lmi18.0.0-cu128", url="s3://models/falcon/")
    assert journey.stream()[0] == "text/event-stream"


def test_an_archive_is_read_anew_for_each_deployment(journey: Journey) -> None:
    url = journey.upload(archive("option.rolling_batch=vllm\noption.output_formatter=sse\n"))
    journey.deploy(f"{ECR}/djl-inference:0.36.0-lmi18.0.0-cu128", url=url)
    assert journey.stream()[0] == "text/event-stream"
    journey.clients("s3").put_object(Bucket="models", Key="code.tar.gz", Body=archive("option.rolling_batch=vllm\n"))
    assert journey.stream()[0] == "text/event-stream"
    journey.rehearsal.config("next")
    journey.rehearsal.ask("update_endpoint", EndpointName="falcon", EndpointConfigName="next")
    assert journey.rehearsal.status() == "Updating"
    assert journey.stream()[0] == "text/event-stream"
    journey.rehearsal.clock.turn()
    assert journey.stream({**INPUTS, "stream": True})[0] == "application/jsonlines"


def test_the_models_family_chooses_the_answers(journey: Journey) -> None:
    journey.deploy(TGI_093, {"HF_MODEL_ID": "rinna/japanese-gpt-neox-3.6b-instruction-ppo"})
    body = {"inputs": "ユーザー: 日本の首都はどこですか?<NL>システム: ", "stream": True}
    _, created = journey.stream(body)
    _, catalog = journey.stream(body, name="rinna-3-6b-instruction-ppo-tgi")
    assert created == catalog


def test_a_whole_answer_is_the_containers_too(journey: Journey) -> None:
    journey.deploy(TGI_093)
    runtime = journey.clients("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="falcon", ContentType="application/json", Body=json.dumps(INPUTS))
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("AllTraffic", "application/json")
    assert list(json.loads(answer["Body"].read())[0]) == ["generated_text"]


def test_what_a_request_asks_of_the_twin_works_there_as_everywhere(journey: Journey) -> None:
    journey.deploy(TGI_093)
    code, _ = journey.refusal(CustomAttributes="mock.fault=throttling")
    assert code == "ThrottlingException"
    journey.rehearsal.twin.queue_fault("model-error", endpoint="falcon")
    assert journey.refusal()[0] == "ModelError"


NOT_FOUND = ("ValidationError", "Endpoint falcon of account 123456789012 not found.")


def test_an_endpoint_that_is_not_in_service_is_not_found(journey: Journey) -> None:
    assert journey.refusal() == NOT_FOUND
    journey.create(TGI_093)
    assert journey.refusal() == NOT_FOUND
    assert "not found" in journey.container()
    journey.rehearsal.clock.turn()
    journey.stream()
    journey.rehearsal.ask("delete_endpoint", EndpointName="falcon")
    assert journey.refusal() == NOT_FOUND
    journey.rehearsal.clock.turn()
    assert journey.refusal() == NOT_FOUND


def test_an_endpoint_that_failed_is_not_found(journey: Journey) -> None:
    journey.create(TGI_093, {"MOCK_FAULT": "health-check"})
    journey.rehearsal.clock.turn()
    assert journey.rehearsal.status() == "Failed"
    assert journey.refusal() == NOT_FOUND


def test_an_endpoint_is_found_in_its_own_region_alone(journey: Journey) -> None:
    journey.deploy(TGI_093)
    with pytest.raises(ClientError, match="not found"):
        journey.clients("sagemaker-runtime", region="eu-west-1").invoke_endpoint(EndpointName="falcon", Body=b"{}")


def test_a_name_of_the_catalogs_answers_as_created_and_as_before_once_that_is_gone(journey: Journey) -> None:
    name = "falcon-7b-instruct-lmi"
    journey.rehearsal.model(PrimaryContainer={"Image": TGI_093})
    journey.rehearsal.config()
    journey.rehearsal.endpoint(name)
    assert journey.refusal(name=name)[0] == "ValidationError"
    journey.rehearsal.clock.turn()
    assert journey.stream(name=name)[0] == "application/json"  # TGI without `stream`
    journey.rehearsal.ask("delete_endpoint", EndpointName=name)
    journey.rehearsal.clock.turn()
    assert journey.stream(name=name)[0] == "application/jsonlines"


def test_an_image_that_the_twin_does_not_play_is_an_error_that_names_it(journey: Journey) -> None:
    journey.deploy(f"{ECR}/huggingface-pytorch-inference:2.1.0-transformers4.37.0-gpu")
    code, message = journey.refusal()
    assert code == "ModelError"
    assert "the twin plays no container of the image" in message
    assert "huggingface-pytorch-inference" in message


def test_variants_answer_each_in_its_dialect_and_share_the_traffic(journey: Journey) -> None:
    rehearsal = journey.rehearsal
    rehearsal.model("old", PrimaryContainer={"Image": LMI_023, "Environment": {"OPTION_OUTPUT_FORMATTER": "jsonlines"}})
    rehearsal.model("new", PrimaryContainer={"Image": VLLM})
    variants = [{**VARIANT, "VariantName": name, "ModelName": name, "InitialVariantWeight": weight} for name, weight in (("old", 3.0), ("new", 1.0))]
    rehearsal.config(ProductionVariants=variants)
    rehearsal.endpoint()
    rehearsal.clock.turn()
    assert journey.stream(TargetVariant="old")[0] == "application/jsonlines"
    assert journey.stream(CHAT, TargetVariant="new")[0] == "application/json"
    runtime = journey.clients("sagemaker-runtime")
    both = {"EndpointName": "falcon", "ContentType": "application/json", "Body": json.dumps({**INPUTS, **CHAT})}
    invoked = [runtime.invoke_endpoint(**both)["InvokedProductionVariant"] for _ in range(40)]
    assert 20 <= invoked.count("old") <= 38
    assert invoked.count("new")


def test_each_inference_component_answers_in_its_dialect(journey: Journey) -> None:
    rehearsal = journey.rehearsal
    variant = {"VariantName": "AllTraffic", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
    rehearsal.config(ProductionVariants=[variant], ExecutionRoleArn=ROLE)
    rehearsal.endpoint()
    rehearsal.clock.turn()
    assert "Inference Component Name header is required" in journey.refusal()[1]
    assert journey.refusal(InferenceComponentName="tgi")[1] == "Inference Component tgi of account 123456789012 not found."
    for name, image in (("tgi", TGI_093), ("vllm", VLLM)):
        specification = {"Container": {"Image": image}, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
        given = {"InferenceComponentName": name, "EndpointName": "falcon", "VariantName": "AllTraffic", "Specification": specification}
        rehearsal.ask("create_inference_component", **given, RuntimeConfig={"CopyCount": 1})
    assert journey.refusal(InferenceComponentName="tgi")[1].endswith("not found.")
    rehearsal.clock.turn()
    assert journey.stream({**INPUTS, "stream": True}, InferenceComponentName="tgi")[1].startswith(b"data:{")
    assert journey.stream({**CHAT, "stream": True}, InferenceComponentName="vllm")[1].startswith(b'data: {"id":"chatcmpl-')


def test_sessions_go_with_what_was_created_and_not_with_its_name(journey: Journey) -> None:
    opening = {"EndpointName": "falcon", "ContentType": "application/json", "SessionId": "NEW_SESSION", "Body": json.dumps({"requestType": "NEW_SESSION"})}
    runtime = journey.clients("sagemaker-runtime")
    journey.deploy(f"{ECR}/djl-inference:0.38.0-lmi29.0.0-cu130")
    session = runtime.invoke_endpoint(**opening)["NewSessionId"].partition(";")[0]
    assert runtime.invoke_endpoint(**{**opening, "SessionId": session, "Body": json.dumps(INPUTS)})["Body"].read()
    for step in ("delete_endpoint", "create_endpoint"):
        journey.rehearsal.ask(step, EndpointName="falcon", **({"EndpointConfigName": "falcon"} if step == "create_endpoint" else {}))
        journey.rehearsal.clock.turn()
    with pytest.raises(ClientError, match="session"):
        runtime.invoke_endpoint(**{**opening, "SessionId": session, "Body": json.dumps(INPUTS)})


def test_a_presigned_or_unsigned_call_finds_what_was_created(journey: Journey) -> None:
    journey.deploy(TGI_093)
    answer = httpx.post(f"{journey.rehearsal.twin.url}/endpoints/falcon/invocations", json=INPUTS, trust_env=False)
    assert (answer.status_code, list(answer.json()[0])) == (200, ["generated_text"])
    assert "generated_text" in journey.container()


def lines_of(journey: Journey, group: str = "/aws/sagemaker/Endpoints/falcon") -> list[tuple[str, str]]:
    logs = journey.clients("logs", Config(retries={"total_max_attempts": 1}))
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [(event["logStreamName"], event["message"]) for event in events]


LOGS = {
    "LMI": (LMI_023, "ModelServer - Starting model server", 'ACCESS_LOG - /169.254.178.2:48820 "POST /invocations HTTP/1.1" 200 '),
    "TGI": (TGI_093, "text_generation_launcher", "text_generation_router::server: router/src/server.rs: Success"),
    "vLLM": (VLLM, "INFO:     Started server process [1]", 'INFO:     169.254.178.2:48820 - "POST /invocations HTTP/1.1" 200 OK'),
    "SGLang": (f"{ECR}/huggingface-sglang:0.5.8-gpu", "Started server process", '"POST /invocations HTTP/1.1" 200 OK'),
}


@pytest.mark.parametrize(("image", "start", "invocation"), LOGS.values(), ids=LOGS)
def test_a_containers_log_is_where_a_real_ones_would_be(journey: Journey, image: str, start: str, invocation: str) -> None:
    journey.deploy(image)
    body = CHAT if "vllm" in image or "sglang" in image else INPUTS
    journey.stream(body)
    lines = lines_of(journey)
    [stream] = {stream for stream, _ in lines}
    assert stream.startswith("AllTraffic/i-0")
    assert start in lines[0][1]
    assert invocation in lines[-1][1]
    journey.stream(body)
    assert len(lines_of(journey)) == len(lines) + 1
    logs = journey.clients("logs")
    assert [each["logStreamName"] for each in logs.describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/falcon")["logStreams"]] == [stream]


def test_the_log_of_an_endpoint_that_is_gone_is_still_there(journey: Journey) -> None:
    journey.deploy(VLLM)
    journey.stream(CHAT)
    journey.rehearsal.ask("delete_endpoint", EndpointName="falcon")
    journey.rehearsal.clock.turn(2 * CREATION_S)
    assert any("POST /invocations" in line for _, line in lines_of(journey))


def test_a_container_that_did_not_come_up_says_why_in_its_log(journey: Journey) -> None:
    journey.create(TGI_093, {"MOCK_FAULT": "health-check"})
    journey.rehearsal.clock.turn()
    [(_, line)] = lines_of(journey)
    assert "OutOfMemoryError" in line


def test_an_inference_component_has_a_log_of_its_own(journey: Journey) -> None:
    rehearsal = journey.rehearsal
    rehearsal.config(ProductionVariants=[{"VariantName": "AllTraffic", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}], ExecutionRoleArn=ROLE)
    rehearsal.endpoint()
    rehearsal.clock.turn()
    specification = {"Container": {"Image": VLLM}, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}
    given = {"InferenceComponentName": "mine", "EndpointName": "falcon", "VariantName": "AllTraffic", "Specification": specification}
    rehearsal.ask("create_inference_component", **given, RuntimeConfig={"CopyCount": 1})
    rehearsal.clock.turn()
    journey.stream(CHAT, InferenceComponentName="mine")
    assert "POST /invocations" in lines_of(journey, "/aws/sagemaker/InferenceComponents/mine")[-1][1]


PROPERTIES = {
    "pairs": (b"a=1\nb = 2 \n", {"a": "1", "b": "2"}),
    "other separators": (b"a: 1\nb 2\n", {"a": "1", "b": "2"}),
    "comments and blanks": (b"# a=1\n! b=2\n\n  c=3\n", {"c": "3"}),
    "values with separators": (b"option.x=a=b:c\n", {"option.x": "a=b:c"}),
    "line ends": (b"a=1\r\nb=2", {"a": "1", "b": "2"}),
    "no text": (b"\xff\xfe\x00", {}),
}


@pytest.mark.parametrize(("data", "expected"), PROPERTIES.values(), ids=PROPERTIES)
def test_properties_are_read_as_java_reads_them(data: bytes, expected: dict[str, str]) -> None:
    assert parse_properties(data) == expected


NO_FILE = {"nothing": b"", "no archive": b"not a tar", "cut off": archive()[:60], "without it": archive(name="other.txt")}


@pytest.mark.parametrize("data", NO_FILE.values(), ids=NO_FILE)
def test_an_archive_without_properties_tells_nothing(data: bytes) -> None:
    assert find_file(data) == b""


@pytest.mark.parametrize("url", ["", "https://example.invalid/code.tar.gz", "s3://no-such-bucket/code.tar.gz", "s3://models"])
def test_a_url_with_nothing_behind_it_tells_nothing(journey: Journey, url: str) -> None:
    journey.upload(archive())
    assert read_properties(url) == {}
