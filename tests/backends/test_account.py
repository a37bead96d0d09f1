"""An account's endpoints as SageMaker tells of them, over a socket, and what is missing where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.account import ACTIONS, Account, AccountEndpoint, profiles, regions
from backends.endpoints import Recognised
from backends.errors import BackendError, ConfigurationError, RequestRejected, TransportError
from backends.remedies import remedy
from tests.backends.account_side import LMI, TGI, TOKEN, VLLM, AccountSide, Told, account_side, denied, environ_of

LLAMA = {"HF_MODEL_ID": "meta-llama/Meta-Llama-3.1-8B-Instruct"}
LLAMA_ON_LMI = Recognised("LMI 0.36.0", "messages", "llama3")


@pytest.fixture
def account_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What points boto3 at an account for the length of a block."""

    @contextmanager
    def pointed(*endpoints: Told, **more: Any) -> Iterator[AccountSide]:
        with account_side(*endpoints, **more) as side:
            for name, value in environ_of(side).items():
                monkeypatch.setenv(name, value)
            yield side

    return pointed


def test_endpoints_are_listed_with_what_their_containers_are(account_of: Any) -> None:
    falcon = Told("falcon", TGI, {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"})
    with account_of(Told("llama", LMI, LLAMA), falcon, Told("qwen", VLLM, {"SM_VLLM_MODEL": "Qwen/Qwen2.5-7B-Instruct"})) as side:
        page = Account().page()
    assert [(each.name, each.status, each.recognised) for each in page.endpoints] == [
        ("llama", "InService", LLAMA_ON_LMI),
        ("falcon", "InService", Recognised("TGI 0.9.3", "inputs", "falcon")),
        ("qwen", "InService", Recognised("vLLM 0.11.2", "messages", "chatml")),
    ]
    assert (page.region, page.token, side.regions) == ("us-east-1", None, {"us-east-1"})
    assert {f"sagemaker:{operation}" for operation in side.asked} < set(ACTIONS)


def test_nothing_of_a_model_s_environment_is_kept(account_of: Any) -> None:
    with account_of(Told("llama", LMI, LLAMA)):
        assert TOKEN not in repr(Account().page())


def test_a_long_list_comes_in_pages_and_can_be_narrowed(account_of: Any) -> None:
    with account_of(*(Told(f"e-{number}", LMI) for number in range(5)), page=2):
        account = Account()
        first = account.page()
        second = account.page(token=first.token)
        last = account.page(token=second.token)
        one = account.page(contains="3")
    assert [[each.name for each in page.endpoints] for page in (first, second, last, one)] == [["e-0", "e-1"], ["e-2", "e-3"], ["e-4"], ["e-3"]]
    assert last.token is None


def test_a_region_that_is_asked_for_is_the_one_asked(account_of: Any) -> None:
    with account_of(Told("llama", LMI)) as side:
        assert Account(region="eu-west-1").page().region == "eu-west-1"
        assert side.regions == {"eu-west-1"}


def test_an_endpoint_that_failed_says_why(account_of: Any) -> None:
    with account_of(Told("broken", LMI, status="Failed", reason="The container did not pass the ping health check.")):
        [endpoint] = Account().page().endpoints
    assert (endpoint.status, endpoint.reason) == ("Failed", "The container did not pass the ping health check.")


COMPONENTS: dict[str, dict[str, Any]] = {
    "of-a-model": {"InferenceComponentStatus": "InService", "Specification": {"ModelName": "llama"}},
    "of-a-container": {
        "InferenceComponentStatus": "Creating",
        "Specification": {"Container": {"DeployedImage": {"SpecifiedImage": TGI}, "Environment": {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"}}},
    },
    "adapter": {"InferenceComponentStatus": "InService", "Specification": {"BaseInferenceComponentName": "of-a-model"}},
    "several": {"InferenceComponentStatus": "InService", "Specifications": [{"ModelName": "llama"}]},
}


def test_inference_components_are_endpoints_of_their_own(account_of: Any) -> None:
    with account_of(Told("shared", components=COMPONENTS), Told("llama", LMI, LLAMA)):
        told = Account().describe("shared")
    assert [(each.name, each.component, each.status, each.recognised) for each in told] == [
        ("shared", "of-a-model", "InService", LLAMA_ON_LMI),
        ("shared", "of-a-container", "Creating", Recognised("TGI 0.9.3", "inputs", "falcon")),
        ("shared", "adapter", "InService", LLAMA_ON_LMI),
        ("shared", "several", "InService", LLAMA_ON_LMI),
    ]


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"])
def test_an_endpoint_that_must_not_be_described_is_listed_all_the_same(operation: str, account_of: Any) -> None:
    with account_of(Told("llama-3-8b-instruct", LMI, LLAMA), refusals={operation: denied(operation)}):
        [endpoint] = Account().page().endpoints
    assert (endpoint.name, endpoint.status, endpoint.recognised.family) == ("llama-3-8b-instruct", "InService", "llama3")
    assert endpoint.recognised.container == ("" if operation == "DescribeEndpoint" else "LMI 0.36.0")
    assert endpoint.error is not None
    assert f'"Action": "sagemaker:{operation}"' in remedy(endpoint.error)


def test_an_endpoint_that_is_not_there_says_where_to_look(account_of: Any) -> None:
    with account_of():
        [endpoint] = Account().describe("gone")
    assert isinstance(endpoint.error, RequestRejected)
    assert "aws sagemaker list-endpoints" in remedy(endpoint.error)


def failure(**arguments: Any) -> BackendError:
    with pytest.raises(BackendError) as caught:
        Account(**arguments).page()
    return caught.value


def test_a_list_that_is_refused_names_the_policy_statement(account_of: Any) -> None:
    with account_of(refusals={"ListEndpoints": denied("ListEndpoints")}):
        error = failure()
    assert isinstance(error, RequestRejected)
    assert remedy(error).endswith('{"Effect": "Allow", "Action": "sagemaker:ListEndpoints", "Resource": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/*"}')


def test_an_account_that_nobody_answers_for_is_a_failure_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ_of(AccountSide((), url="http://127.0.0.1:9")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    error = failure()
    assert isinstance(error, TransportError)
    assert "127.0.0.1:9" in str(error)


def test_without_a_region_or_credentials_the_command_that_gives_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure()
    assert isinstance(error, ConfigurationError)
    assert "`aws configure set region us-east-1`" in str(error)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert "`aws configure` or `aws sso login`" in str(failure())


def test_a_role_that_must_not_be_assumed_is_no_refusal_of_sagemakers(account_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile work]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with account_of() as side:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", side.url)
        error = failure(profile="work")
    assert isinstance(error, ConfigurationError)
    assert "not your role" in str(error)


def test_aws_keys_do_not_go_out_in_the_open(account_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with account_of(Told("llama", LMI)) as side:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        error = failure()
        assert side.asked == []
    assert "not encrypted" in str(error)
    assert "AKIA" not in str(error)


def test_profiles_and_regions_are_known_without_asking_anybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nregion = us-east-1\n[profile work]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert profiles() == ("default", "work")
    assert {"us-east-1", "eu-west-1", "us-gov-west-1"} < set(regions())


def test_a_configuration_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no section\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(ConfigurationError, match="config"):
        profiles()


def test_what_is_not_known_of_an_endpoint_is_not_made_up() -> None:
    assert AccountEndpoint("e", "InService").recognised == Recognised()
