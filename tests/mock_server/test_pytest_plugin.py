"""The plugin in suites of other people, each run in a folder of its own."""

from __future__ import annotations

import re
from pathlib import Path

import boto3  # noqa: F401 - a suite that runs in this process forgets what it imported, but for what was imported before
import pytest

import mock_server.control.moto_mount  # half of moto would stay behind otherwise
import mock_server.embedded  # noqa: F401 - likewise

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = 'pytest_plugins = ["mock_server.pytest_plugin"]\n'
HELPERS = """
import json
import os

import boto3
import httpx
import pytest

LMI = "falcon-7b-instruct-lmi"
BODY = json.dumps({"inputs": "hello", "parameters": {"max_new_tokens": 8}})


def ask(attributes="", endpoint=LMI):
    client = boto3.client("sagemaker-runtime")
    response = client.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, ContentType="application/json", Body=BODY, **({"CustomAttributes": attributes} if attributes else {})
    )
    return [event["PayloadPart"]["Bytes"] for event in response["Body"]]
"""
"""On top of the tests below, which are other people's."""

LMI = "falcon-7b-instruct-lmi"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite that has the plugin and knows no other markers."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
    pytester.makeconftest(PLUGIN)
    return pytester


def run(suite: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    suite.makepyfile(test_mine=HELPERS + tests)
    return suite.runpytest_inprocess("-q", *arguments)


PASSES = {
    "every SDK finds the twin by the environment": """
def test_it(sagemaker_twin):
    assert b"".join(ask()).startswith(b'{"outputs": [" Hello"]}')
    assert sagemaker_twin.journal.wait(1).endpoint == LMI
""",
    "a marker says what requests get that ask for nothing": """
@pytest.mark.sagemaker_twin(cut="every-byte", seed=7, script="emoji", fault="crlf")
def test_it(sagemaker_twin):
    assert max(map(len, ask())) == 1
    entry = sagemaker_twin.journal.wait(1)
    assert (entry.cut, entry.seed, entry.script, entry.fault, entry.fault_from) == ("every-byte", 7, "emoji", "crlf", "default")
""",
    "a marker is enough to have the twin": """
@pytest.mark.sagemaker_twin(cut="every-byte")
def test_it():
    assert max(map(len, ask())) == 1
""",
    "a test's marker goes before its class's and its module's, key by key": """
pytestmark = pytest.mark.sagemaker_twin(cut="whole", seed=1, script="emoji")

@pytest.mark.sagemaker_twin(cut="bytes:9", seed=2)
class TestMine:
    @pytest.mark.sagemaker_twin(cut="bytes:3")
    def test_it(self, sagemaker_twin):
        ask()
        entry = sagemaker_twin.journal.wait(1)
        assert (entry.cut, entry.seed, entry.script) == ("bytes:3", 2, "emoji")
""",
    "a parameter can bring its marker": """
@pytest.mark.parametrize("cut", [pytest.param(cut, marks=pytest.mark.sagemaker_twin(cut=cut)) for cut in ("whole", "bytes:3")])
def test_it(sagemaker_twin, cut):
    ask()
    assert sagemaker_twin.journal.wait(1).cut == cut
""",
    "what a request asks for goes before the marker": """
@pytest.mark.sagemaker_twin(cut="bytes:3", fault="throttling")
def test_it(sagemaker_twin):
    ask("mock.cut=whole;mock.fault=no-final-newline")
    entry = sagemaker_twin.journal.wait(1)
    assert (entry.cut, entry.fault) == ("whole", "no-final-newline")
""",
    "a test knows nothing of another": """
@pytest.mark.sagemaker_twin(cut="bytes:3", fault="no-finish")
def test_one(sagemaker_twin):
    sagemaker_twin.queue_fault("throttling", times=5)
    ask("mock.fault=crlf")
    sagemaker_twin.journal.wait(1)

def test_two(sagemaker_twin):
    assert sagemaker_twin.journal.finished == ()
    ask()
    entry = sagemaker_twin.journal.wait(1)
    assert (entry.cut, entry.fault) == ("write", None)
""",
    "a stream that a test leaves open is none of the next one's": """
left = []

def test_one(sagemaker_twin):
    client = boto3.client("sagemaker-runtime")
    response = client.invoke_endpoint_with_response_stream(
        EndpointName=LMI, ContentType="application/json", Body=BODY, CustomAttributes="mock.fault=stall@2"
    )
    left.append(response)
    sagemaker_twin.journal.wait_open()

def test_two(sagemaker_twin):
    assert (sagemaker_twin.journal.open, sagemaker_twin.journal.finished) == ((), ())
    left.clear()
    ask()
    assert sagemaker_twin.journal.wait(1).ended == "completed"
""",
    "what comes to the session's twin between two tests is none of the next one's": """
left = []

def test_one(sagemaker_twin_server):
    client = httpx.Client(base_url=sagemaker_twin_server.url, headers={"X-Amzn-SageMaker-Custom-Attributes": "mock.fault=stall@2"})
    request = client.build_request("POST", f"/endpoints/{LMI}/invocations-response-stream", content=BODY)
    left.append((client, client.send(request, stream=True)))
    sagemaker_twin_server.journal.wait_open()

def test_two(sagemaker_twin):
    assert (sagemaker_twin.journal.open, sagemaker_twin.journal.finished) == ((), ())
""",
    "one twin serves the session": """
urls = set()

@pytest.mark.parametrize("number", range(5))
def test_it(sagemaker_twin, sagemaker_twin_server, number):
    urls.add(sagemaker_twin.url)
    assert sagemaker_twin is sagemaker_twin_server
    assert len(urls) == 1
""",
    "what would lead an SDK elsewhere is gone for the test, and back behind it": """
THEIRS = {
    "AWS_PROFILE": "nobody", "AWS_DEFAULT_PROFILE": "nobody", "AWS_SESSION_TOKEN": "token", "AWS_SECURITY_TOKEN": "token",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials",
    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real", "AWS_REGION": "eu-north-1",
    "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
}

@pytest.fixture(scope="module", autouse=True)
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws")
    (folder / "config").write_text("[default]\\nignore_configured_endpoint_urls = true\\nuse_fips_endpoint = true\\n")
    (folder / "credentials").write_text("[default]\\naws_access_key_id = real\\naws_secret_access_key = real\\n")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in THEIRS.items():
            patch.setenv(name, str(folder / value) if name.endswith("_FILE") else value)
        yield

def test_one(sagemaker_twin, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    ask()
    assert "AKIDSTREAMTWIN" == boto3.DEFAULT_SESSION.get_credentials().access_key

def test_two():
    assert {name: os.environ[name] for name in THEIRS if not name.endswith("_FILE")} == {
        name: value for name, value in THEIRS.items() if not name.endswith("_FILE")
    }
    assert os.environ["AWS_CONFIG_FILE"].endswith("config")
    assert "NO_PROXY" not in os.environ
""",
    "the services beside SageMaker's are the twin's too": """
def test_it(sagemaker_twin):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="models")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["models"]
    assert boto3.client("sagemaker").list_endpoints()["Endpoints"] == []

def test_what_one_test_made_the_next_does_not_see(sagemaker_twin):
    assert boto3.client("s3").list_buckets()["Buckets"] == []
""",
    "a suite that has a place of its own for the other services keeps it": """
@pytest.fixture(scope="module", autouse=True)
def theirs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        yield

def test_it(sagemaker_twin):
    ask()
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
""",
    "boto3's own session keeps no keys of the twin's, and the twin gets none of its": """
mine = boto3.Session("mine", "secret", region_name="eu-north-1")
boto3.DEFAULT_SESSION = mine

def test_one(sagemaker_twin):
    ask()
    assert boto3.DEFAULT_SESSION is not mine

def test_two():
    assert boto3.DEFAULT_SESSION is mine
    boto3.DEFAULT_SESSION = None
""",
    "a suite says how its twin is": """
from mock_server.clock import VirtualClock

@pytest.fixture(scope="session")
def sagemaker_twin_options(tmp_path_factory):
    catalog = tmp_path_factory.mktemp("twin") / "mine.toml"
    catalog.write_text('[mine]\\ncontainer = "lmi-0.28"\\n')
    return {"catalog": catalog, "profile": "typical", "region": "eu-west-1", "clock": VirtualClock()}

def test_it(sagemaker_twin):
    assert [endpoint.name for endpoint in sagemaker_twin.endpoints] == ["mine"]
    assert os.environ["AWS_REGION"] == "eu-west-1"
    ask(endpoint="mine")
    assert sagemaker_twin.journal.wait(1).profile == "typical"
""",
    "coroutines and threads": """
import asyncio
from concurrent.futures import ThreadPoolExecutor

@pytest.mark.anyio
@pytest.mark.sagemaker_twin(cut="bytes:3")
async def test_coroutine(sagemaker_twin):
    async with httpx.AsyncClient(base_url=sagemaker_twin.url) as client:
        answers = await asyncio.gather(*(client.post(f"/endpoints/{LMI}/invocations", content=BODY) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert sagemaker_twin.journal.wait(3).cut == "bytes:3"

@pytest.fixture
def anyio_backend():
    return "asyncio"

def test_threads(sagemaker_twin):
    boto3.client("sagemaker-runtime")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: httpx.post(f"{sagemaker_twin.url}/endpoints/{LMI}/invocations", content=BODY), range(8)))
    sagemaker_twin.journal.wait(8)
""",
    "unittest's classes have it by the marker": """
import unittest

@pytest.mark.sagemaker_twin(cut="bytes:3")
class Mine(unittest.TestCase):
    def test_it(self):
        self.assertEqual(max(map(len, ask())), 3)
""",
    "the cases of the contract kit": """
from mock_server.contract import stream_cases

@pytest.mark.parametrize("case", stream_cases(family="alignment", container="tgi-2.4"), ids=str)
def test_it(case):
    from backends.wire import Token, decode_events

    assert "".join(e.text for e in decode_events(case.parts, case.content_type) if isinstance(e, Token) and not e.special) == case.text
""",
}


@pytest.mark.parametrize("tests", PASSES.values(), ids=PASSES)
def test_a_suite_passes(suite: pytest.Pytester, tests: str) -> None:
    result = run(suite, tests)
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "warning", "warnings"}, result.stdout.str()
    assert outcomes["passed"]


def test_every_worker_of_xdist_has_a_twin_of_its_own(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = """
import pathlib

@pytest.mark.parametrize("number", range(6))
def test_it(sagemaker_twin, number, worker_id):
    ask()
    sagemaker_twin.journal.wait(1)
    with open(pathlib.Path(__file__).with_name(f"{worker_id}.txt"), "a") as file:
        print(sagemaker_twin.url, file=file)
"""
    suite.makepyfile(test_mine=HELPERS + tests)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = suite.runpytest_subprocess("-q", "-p", "xdist.plugin", "-n", "2", "--dist", "each")
    result.assert_outcomes(passed=12)
    workers = [set(file.read_text().splitlines()) for file in suite.path.glob("gw*.txt")]
    assert [len(urls) for urls in workers] == [1, 1]
    assert len(set.union(*workers)) == 2


WRONG = {
    "a cut": ('cut="in-half"', r"mock\.cut: 'in-half' is not a cut; legal: write, whole, merge:K, every-byte"),
    "a fault": ('fault="explode@2"', r"mock\.fault: 'explode@2' is not a fault; legal: NAME\[:ARG\]"),
    "a key": ('cuts="whole"', r"'cuts' is nothing that a request can ask for; legal: cut, http_cut, fault, seed, script, profile, speed"),
    "a script": ('script="nobody"', r"mock\.script: 'nobody' is not a script; legal: "),
    "no key": ('"every-byte"', r"takes values by name, as cut='every-byte', and got 'every-byte' without one"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_a_marker_that_is_wrong_fails_its_test_alone_and_says_what_is_legal(suite: pytest.Pytester, arguments: str, message: str) -> None:
    tests = f"""
@pytest.mark.sagemaker_twin({arguments})
def test_wrong():
    raise AssertionError("this ran")

def test_right(sagemaker_twin):
    ask()
"""
    result = run(suite, tests)
    result.assert_outcomes(passed=1, errors=1)
    assert re.search(rf"test_mine\.py::test_wrong: the marker sagemaker_twin:? {message}", result.stdout.str())
    assert "this ran" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()


def test_a_marker_without_an_effect_fails_its_test_and_says_why(suite: pytest.Pytester) -> None:
    tests = """
@pytest.fixture
def sagemaker_twin():
    return "the suite's own"

@pytest.mark.sagemaker_twin(cut="every-byte")
def test_wrong():
    raise AssertionError("this ran")

def test_right(sagemaker_twin):
    assert sagemaker_twin == "the suite's own"
"""
    result = run(suite, tests)
    result.assert_outcomes(passed=1, failed=1)
    assert "test_wrong: the marker sagemaker_twin has no effect, as the fixture sagemaker_twin of mock_server.pytest_plugin was not" in result.stdout.str()
    assert "this ran" not in result.stdout.str()


def test_a_failed_test_shows_what_the_twin_saw(suite: pytest.Pytester) -> None:
    tests = """
@pytest.mark.sagemaker_twin(fault="close@1")
def test_fails(sagemaker_twin):
    ask("mock.fault=reset@500")
    client = boto3.client("sagemaker-runtime")
    left = client.invoke_endpoint_with_response_stream(EndpointName=LMI, ContentType="application/json", Body=BODY, CustomAttributes="mock.fault=stall@2")
    sagemaker_twin.journal.wait_open()
    assert False

def test_passes(sagemaker_twin):
    ask()
"""
    result = run(suite, tests)
    result.assert_outcomes(passed=1, failed=1)
    assert result.stdout.str().count("sagemaker twin journal") == 1
    result.stdout.re_match_lines(
        [
            r"-+ sagemaker twin journal -+",
            rf"request=\S+ endpoint={LMI} front=runtime status=200 ended=completed parts=8 .*fault=reset@500 attempt=1 .*",
            r"  the fault reset@500 was not reached: .*",
            rf"request=\S+ endpoint={LMI} front=runtime status=- ended=still-open .*fault=stall@2 .*",
        ],
        consecutive=True,
    )


def test_a_failed_test_whose_requests_went_elsewhere_shows_that_too(suite: pytest.Pytester) -> None:
    result = run(suite, "def test_fails(sagemaker_twin):\n    assert False\n")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r"-+ sagemaker twin journal -+", r"No request has come to http://127\.0\.0\.1:\d+\."], consecutive=True)


def test_a_suite_without_a_test_of_the_twin_starts_none(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile("""
import sys
import threading

def test_fails():
    assert "mock_server.pytest_plugin" in sys.modules
    assert [thread.name for thread in threading.enumerate()] + sorted({"uvicorn", "fastapi", "boto3"} & {*sys.modules}) == ["MainThread"]
    assert 0
""")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = suite.runpytest_subprocess("-q")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 0"])
    assert "sagemaker twin journal" not in result.stdout.str()


def test_a_suite_without_boto3_has_the_twin_too(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile("""
import sys

def test_it(sagemaker_twin):
    assert "boto3" not in sys.modules
    assert sagemaker_twin.endpoints
""")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_the_marker_and_the_fixtures_explain_themselves(suite: pytest.Pytester) -> None:
    markers = suite.runpytest_inprocess("--markers").stdout.str()
    assert (
        "@pytest.mark.sagemaker_twin(cut=, http_cut=, fault=, seed=, script=, profile=, speed=): what requests get that ask for nothing themselves" in markers
    )
    fixtures = suite.runpytest_inprocess("--fixtures").stdout.str()
    assert {"sagemaker_twin", "sagemaker_twin_server", "sagemaker_twin_options"} <= set(re.findall(r"^sagemaker\w+", fixtures, re.MULTILINE))
