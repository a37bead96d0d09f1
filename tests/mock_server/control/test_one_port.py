"""All services on the twin's one port: where a request goes, and what moto alone would get wrong."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.types import Scope

from mock_server import MockServer
from mock_server.control import neighbours
from mock_server.control.one_port import Signed, signed_for
from tests.mock_server.control.neighbours_side import Clients, clients_of

ROOT = Path(__file__).parents[3]
BUCKET = "endpoints"
"""A bucket whose paths look like the runtime's."""
SCOPE = "AKID/20261121/eu-west-1/{service}/aws4_request"
V4 = "AWS4-HMAC-SHA256 Credential=" + SCOPE + ", SignedHeaders=host, Signature=0"


@pytest.fixture(scope="module")
def own() -> Iterator[MockServer]:
    with MockServer() as twin:
        yield twin


@pytest.fixture
def clients(own: MockServer) -> Iterator[Clients]:
    own.reset()
    with clients_of(own) as made:
        yield made


@pytest.fixture
def s3(clients: Clients) -> Any:
    client = clients("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def request_of(*, authorization: str = "", query: str = "") -> Scope:
    headers = [(b"host", b"localhost"), (b"authorization", authorization.encode())] if authorization else []
    return {"type": "http", "headers": headers, "query_string": query.encode()}


SIGNED = {
    "a page": (request_of(query="q=1"), None),
    "a header": (request_of(authorization=V4.format(service="s3")), Signed("s3", "eu-west-1")),
    "a header without spaces": (request_of(authorization=V4.format(service="logs").replace(", ", ",")), Signed("logs", "eu-west-1")),
    "a presigned query": (request_of(query=f"X-Amz-Credential={SCOPE.format(service='sts').replace('/', '%2F')}&X-Amz-Date=1"), Signed("sts", "eu-west-1")),
    "a presigned query in S3's old way": (request_of(query="AWSAccessKeyId=a&Signature=b&Expires=1"), Signed("s3")),
    "a header in S3's old way": (request_of(authorization="AWS a:b"), Signed("s3")),
    "a bearer token": (request_of(authorization="Bearer sagemaker-api-key-abc"), None),
    "a credential that is none": (request_of(query="X-Amz-Credential=a"), None),
    "a scope with too little": (request_of(authorization="AWS4-HMAC-SHA256 Credential=a/20261121/s3/aws4_request"), None),
}


@pytest.mark.parametrize(("scope", "signed"), SIGNED.values(), ids=SIGNED)
def test_a_request_says_by_its_signature_what_it_is_for(scope: Scope, signed: Signed | None) -> None:
    assert signed_for(scope) == signed


def test_every_service_answers_on_one_port_by_one_variable(clients: Clients, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="falcon-7b-instruct-tgi/invocations", Body=b"mine")
    assert s3.get_object(Bucket=BUCKET, Key="falcon-7b-instruct-tgi/invocations")["Body"].read() == b"mine"
    assert clients("sts").get_caller_identity()["Account"] == "123456789012"
    clients("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    assert clients("iam").get_role(RoleName="r")["Role"]["Arn"] == "arn:aws:iam::123456789012:role/r"
    clients("logs").create_log_group(logGroupName="g")
    assert [group["logGroupName"] for group in clients("logs").describe_log_groups()["logGroups"]] == ["g"]
    answer = clients("sagemaker-runtime").invoke_endpoint(EndpointName="falcon-7b-instruct-tgi", ContentType="application/json", Body=b'{"inputs": "hello"}')
    assert b"generated_text" in answer["Body"].read()


KEYS = ("a b", "a%2Fb", "%41", "ü/✓", "a+b", "a//b", "with?mark")


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_s3s_comes_back_under_its_own_name(s3: Any, key: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [key]
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"x"


def test_an_upload_in_chunks_arrives_whole(s3: Any) -> None:
    class Unseekable(io.RawIOBase):
        """A body whose length nobody knows, so that it is sent in chunks with its checksum behind it."""

        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._data.readinto(buffer)

    data = bytes(range(256)) * 1000
    s3.upload_fileobj(io.BufferedReader(Unseekable(data)), BUCKET, "streamed")
    assert s3.get_object(Bucket=BUCKET, Key="streamed")["Body"].read() == data


def test_a_raw_upload_with_transfer_encoding_chunked_arrives_whole(own: MockServer, s3: Any) -> None:
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "chunked"})
    assert httpx.put(url, content=iter([b"one ", b"two"]), trust_env=False).status_code == 200
    assert s3.get_object(Bucket=BUCKET, Key="chunked")["Body"].read() == b"one two"
    assert url.startswith(own.url)


METADATA = {
    "with _": ({"my_key": "1"}, {"my_key": "1"}),
    "with -": ({"my-key": "1"}, {"my-key": "1"}),
    "both": ({"my_key": "1", "my-key": "2"}, {"my-key": "2"}),
}


@pytest.mark.parametrize(("given", "kept"), METADATA.values(), ids=METADATA)
def test_metadata_keeps_its_names_and_never_takes_anothers_value(s3: Any, given: dict[str, str], kept: dict[str, str]) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x", Metadata=given)
    assert s3.head_object(Bucket=BUCKET, Key="k")["Metadata"] == kept


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_works_in_the_old_way_and_the_new(clients: Clients, s3: Any, version: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="a b/ü", Body=b"shared")
    url = clients("s3", Config(signature_version=version)).generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a b/ü"})
    answer = httpx.get(url, trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"shared")


LACKING = {
    "IAM's form": (
        "iam",
        "simulate_principal_policy",
        {"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": ["s3:GetObject"]},
        "AccessDenied",
    ),
    "JSON": ("service-quotas", "list_service_quotas", {"ServiceCode": "sagemaker"}, "UnknownOperationException"),
    "a service that moto has not": ("pricing", "describe_services", {}, "UnknownOperationException"),
    "moto's own interface": ("s3", "put_object", {"Bucket": "moto-api", "Key": "reset"}, "NotImplemented"),
}


@pytest.mark.parametrize(("service", "operation", "given", "code"), LACKING.values(), ids=LACKING)
def test_what_moto_has_not_is_an_error_in_the_services_own_form(clients: Clients, service: str, operation: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match="not rehearsed here") as raised:
        getattr(clients(service), operation)(**given)
    assert raised.value.response["Error"]["Code"] == code


def test_an_upload_over_the_limit_is_refused_and_the_connection_goes_on(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_UPLOAD_BYTES", 1000)
    s3.put_object(Bucket=BUCKET, Key="fits", Body=b"x" * 1000)
    with pytest.raises(ClientError, match="exceeds the maximum allowed size"):
        s3.put_object(Bucket=BUCKET, Key="too-long", Body=b"x" * 100_000)
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["fits"]


def test_what_s3_holds_is_bounded_versions_and_unfinished_uploads_included(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_STORED_BYTES", 3000)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * 800)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    part = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
    s3.upload_part(**part, PartNumber=1, Body=b"x" * 800)
    with pytest.raises(ClientError, match="delete objects, or reset the twin"):
        s3.upload_part(**part, PartNumber=2, Body=b"x" * 800)
    s3.abort_multipart_upload(**part)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * 800)
    s3.delete_object(Bucket=BUCKET, Key="k")
    assert s3.list_objects_v2(Bucket=BUCKET).get("Contents", []) == []


WITHOUT_MOTO = """
import sys
sys.modules["moto"] = None
import boto3
from botocore.exceptions import ClientError
from mock_server import MockServer
with MockServer() as twin:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b", "endpoint_url": twin.url}
    for service, operation in (("s3", "list_buckets"), ("iam", "list_roles"), ("logs", "describe_log_groups")):
        try:
            getattr(boto3.client(service, **keys), operation)()
        except ClientError as error:
            print(error.response["Error"]["Code"], error.response["Error"]["Message"])
"""
"""What a person sees who has not installed it."""


def test_without_moto_the_answer_says_what_to_install_and_so_does_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_MOTO], cwd=ROOT, capture_output=True, text=True, timeout=120)
    answers = done.stdout.splitlines()
    assert [answer.partition(" ")[0] for answer in answers] == ["NotImplemented", "AccessDenied", "UnknownOperationException"]
    assert all("moto is not installed" in line and "pip install a2wsgi flask flask-cors moto" in line for line in (*answers, *done.stderr.splitlines()))
    assert len(done.stderr.splitlines()) == 3


def test_a_reset_forgets_what_moto_holds(own: MockServer, clients: Clients, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    own.reset()
    assert clients("s3").list_buckets()["Buckets"] == []


def test_no_answer_names_our_server(own: MockServer, s3: Any) -> None:
    answers = [s3.list_buckets()["ResponseMetadata"]["HTTPHeaders"], httpx.get(f"{own.url}/_mock/health", trust_env=False).headers]
    assert not [answer["server"] for answer in answers if "uvicorn" in answer.get("server", "")]


def test_small_answers_leave_at_once(own: MockServer, s3: Any) -> None:
    s3.list_buckets()
    accepted: list[int] = []
    for connection in own._server.server_state.connections:
        sock: socket.socket = connection.transport.get_extra_info("socket")
        accepted.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    assert accepted
    assert all(accepted)


def test_a_page_of_the_twins_is_asked_without_a_signature_as_ever(own: MockServer) -> None:
    assert httpx.get(f"{own.url}/_mock/health", trust_env=False).status_code == 200
    assert httpx.get(f"{own.url}/a-bucket/key", trust_env=False).status_code == 404


def test_the_environment_of_a_twin_points_every_service_at_it(own: MockServer) -> None:
    assert own.environ["AWS_ENDPOINT_URL"] == own.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == own.url


UNTOUCHED = """
import sys, boto3
from mock_server import MockServer
with MockServer() as twin:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b", "endpoint_url": twin.url}
    asked = {"EndpointName": "falcon-7b-instruct-tgi", "ContentType": "application/json", "Body": b'{"inputs": "hello"}'}
    boto3.client("sagemaker-runtime", **keys).invoke_endpoint(**asked)
    boto3.client("s3", **keys).get_object(Bucket="jumpstart-cache-prod-us-east-1", Key="models_manifest.json")
    twin.reset()
    print(*sorted({"moto", "flask", "werkzeug"} & set(sys.modules)))
"""


def test_a_twin_that_nobody_asks_for_other_services_never_imports_moto() -> None:
    done = subprocess.run([sys.executable, "-c", UNTOUCHED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_a_signature_for_another_service_at_the_runtime_is_the_runtimes_to_refuse() -> None:
    with MockServer(sigv4="shape") as strict:
        url = f"{strict.url}/endpoints/falcon-7b-instruct-tgi/invocations"
        headers = {"authorization": V4.format(service="bedrock"), "x-amz-date": "20261121T000000Z", "host": urlsplit(strict.url).netloc}
        answer = httpx.post(url, headers=headers, trust_env=False)
    assert "Credential should be scoped to correct service: 'sagemaker'" in answer.text
