"""From nothing to a streaming endpoint and back to nothing, for each command, without an account: real boto3, over a real socket."""

from __future__ import annotations

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import boto3
import pytest

from backends.deploy.jumpstart import ANNOUNCED
from mock_server import MockServer
from tests.backends.deploy.rehearsing import NAME, PREFIX, Rehearsal

ROOT = Path(__file__).resolve().parents[3]
BUCKET = "streamtwin-123456789012-us-east-1"
CREATING = {
    "lmi": ["lmi"],
    "lmi-announced": ["lmi", "--framework", "djl-deepspeed"],
    "tgi": ["tgi"],
    "tgi-announced": ["tgi", "--version", "0.9.3"],
    "jumpstart": ["jumpstart"],
}
CONTAINERS = {"lmi": "LMI 0.38.0", "lmi-announced": "LMI 0.23.0", "tgi": "TGI 3.3.6", "tgi-announced": "TGI 0.9.3", "jumpstart": "TGI"}


@pytest.mark.parametrize("case", CREATING)
def test_an_endpoint_is_created_asked_and_deleted_with_all_that_is_its_own(rehearsal: Rehearsal, case: str) -> None:
    created = rehearsal.run(*CREATING[case], "--yes", "--name", "mine", "--question", "How do I build a website?")
    assert created.code == 0, created.err
    assert "website" in created.out
    assert re.search(r"\d+ tokens, the first after \d", created.err)
    assert created.commands == [["delete", NAME]]

    described = rehearsal.run("describe")
    assert f"{NAME}: InService" in described.out
    assert CONTAINERS[case] in described.out
    assert "of the family falcon" in described.out

    asked = rehearsal.run("invoke", NAME, "what is life", "--max-tokens", "20")
    assert (asked.code, bool(asked.out.strip())) == (0, True), asked.err
    assert "20 tokens, the first after " in asked.err
    assert ("finished: it gives no reason" if case == "lmi-announced" else "finished: length") in asked.err
    whole = rehearsal.run("invoke", "--whole")
    assert (whole.code, bool(whole.out.strip())) == (0, True), whole.err

    deleted = rehearsal.run("delete", NAME, "--yes")
    assert deleted.code == 0, deleted.err
    for thing in ("endpoint", "endpoint configuration", "model"):
        assert f"Deleted the {thing} {NAME}." in deleted.err
    assert NAME not in rehearsal.run("list").out
    assert rehearsal.run("delete", "--all", "--yes").code == 0
    assert rehearsal.run("list").out == "There is nothing of this tool's in us-east-1.\n"


def test_the_archive_that_is_uploaded_holds_what_was_given(rehearsal: Rehearsal, tmp_path: Path) -> None:
    (tmp_path / "mine.properties").write_text("engine=Python\noption.rolling_batch=vllm\n", encoding="utf-8")
    (tmp_path / "model.py").write_text("pass\n", encoding="utf-8")
    given = ["--properties", str(tmp_path / "mine.properties"), "--model-py", str(tmp_path / "model.py"), "--model", "m/n", "--option", "max_model_len=9"]
    assert rehearsal.run("lmi", "--yes", "--name", NAME, "--no-wait", *given).code == 0
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"{NAME}/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        files = {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive}
    assert files == {
        "serving.properties": b"engine=Python\noption.rolling_batch=vllm\noption.model_id=m/n\noption.max_model_len=9\n",
        "model.py": b"pass\n",
    }


def test_all_that_is_created_carries_tags(rehearsal: Rehearsal) -> None:
    assert rehearsal.run("lmi", "--yes", "--name", NAME, "--no-wait").code == 0
    told = {"streamtwin:endpoint": NAME, "streamtwin:command": "lmi", "streamtwin:instances": "1 x ml.g5.2xlarge"}
    resources = boto3.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "streamtwin:endpoint"}])["ResourceTagMappingList"]
    of_ours = {
        each["ResourceARN"].split(":")[5]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in resources if ":sagemaker:" in each["ResourceARN"]
    }
    assert of_ours == {f"{kind}/{NAME}": told for kind in ("endpoint", "endpoint-config", "model")}
    shared = [{"Key": "streamtwin:endpoint", "Value": "shared"}]
    assert boto3.client("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"] == shared
    assert boto3.client("iam").list_role_tags(RoleName="streamtwin-sagemaker")["Tags"] == shared


def test_a_dry_run_prints_every_call_and_the_price_and_changes_nothing(rehearsal: Rehearsal) -> None:
    done = rehearsal.run("lmi", "--framework", "djl-deepspeed", "--name", NAME, "--dry-run")
    assert done.code == 0, done.err
    for words in (
        "iam CreateRole",
        "s3 PutObject",
        "sagemaker CreateModel",
        "InvokeEndpointWithResponseStream",
        "option.paged_attention=false",
        "$1.515 an hour",
    ):
        assert words in done.out
    assert rehearsal.operations == []
    assert "There is nothing" in rehearsal.run("list").out


def test_a_dry_run_without_credentials_prints_the_plan_with_a_placeholder(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = rehearsal.run("lmi", "--name", NAME, "--dry-run")
    assert done.code == 0, done.err
    assert "no AWS credentials" in done.err
    assert "in account ACCOUNT, region us-east-1. Nothing is created." in done.out
    for words in ('"arn:aws:iam::ACCOUNT:role/streamtwin-sagemaker"', '"streamtwin-ACCOUNT-us-east-1"', "s3 CreateBucket", "sagemaker CreateEndpoint "):
        assert words in done.out
    assert rehearsal.run("lmi", "--name", NAME, "--yes").code == 2
    assert rehearsal.operations == []


def test_a_model_with_terms_is_created_by_who_accepts_them_and_streams(rehearsal: Rehearsal) -> None:
    gated = ("jumpstart", "meta-textgeneration-llama-2-7b-f", "--yes", "--name", NAME)
    refused = rehearsal.run(*gated)
    assert (refused.code, "terms that --yes does not accept: read them, and pass --accept-eula." in refused.err) == (5, True)
    assert rehearsal.operations == []
    done = rehearsal.run(*gated, "--accept-eula")
    assert (done.code, bool(done.out.strip())) == (0, True), done.err
    source = boto3.client("sagemaker").describe_model(ModelName=NAME)["PrimaryContainer"]["ModelDataSource"]["S3DataSource"]
    assert source["ModelAccessConfig"] == {"AcceptEula": True}


def test_a_role_that_is_named_is_taken_and_none_created(rehearsal: Rehearsal) -> None:
    trust = '{"Version": "2012-10-17", "Statement": []}'
    arn = boto3.client("iam").create_role(RoleName="mine", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert rehearsal.create("--role", "mine").code == 0
    assert boto3.client("sagemaker").describe_model(ModelName=NAME)["ExecutionRoleArn"] == arn
    assert "role" not in rehearsal.run("list").out


def test_the_models_of_jumpstart_that_stream_are_listed_the_announced_ones_first(rehearsal: Rehearsal) -> None:
    listed = rehearsal.run("jumpstart", "--list")
    assert listed.code == 0, listed.err
    assert tuple(listed.out.split())[: len(ANNOUNCED)] == ANNOUNCED


def test_the_versions_of_an_image_are_listed_and_told_where_there_is_no_such(rehearsal: Rehearsal) -> None:
    assert "0.36.0" in rehearsal.run("lmi", "--versions").out.split()
    assert "0.9.3" in rehearsal.run("tgi", "--versions").out.split()
    unknown = rehearsal.run("lmi", "--version", "9.9", "--yes")
    assert unknown.code == 2
    assert "0.36.0" in unknown.err
    assert "Nothing was created." in unknown.err


def test_what_was_forgotten_is_deleted_by_its_age(rehearsal: Rehearsal) -> None:
    assert rehearsal.create().code == 0
    spared = rehearsal.run("delete", "--older-than", "2h", "--yes")
    assert (spared.code, "There is nothing to delete" in spared.err) == (0, True)
    assert NAME in rehearsal.run("list").out
    assert rehearsal.run("delete", "--older-than", "0s", "--yes").code == 0
    assert NAME not in rehearsal.run("list").out


def test_finding_nothing_to_delete_is_fine(rehearsal: Rehearsal) -> None:
    done = rehearsal.run("delete", NAME, "--yes")
    assert (done.code, "There is nothing to delete" in done.err) == (0, True)


def test_what_a_crash_left_is_listed_with_the_command_that_deletes_it(rehearsal: Rehearsal) -> None:
    role = "arn:aws:iam::123456789012:role/mine"
    boto3.client("sagemaker").create_model(
        ModelName=NAME, ExecutionRoleArn=role, PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    )
    [line] = [line for line in rehearsal.run("list").out.splitlines() if line.startswith(NAME)]
    assert "left of it: model" in line
    assert line.endswith(f"{PREFIX}delete {NAME}")
    assert rehearsal.run("delete", NAME, "--yes").code == 0
    assert NAME not in rehearsal.run("list").out


def test_what_a_container_logs_is_printed_and_can_be_filtered(rehearsal: Rehearsal) -> None:
    assert rehearsal.create().code == 0
    logs, group = boto3.client("logs"), f"/aws/sagemaker/Endpoints/{NAME}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="AllTraffic/i-mine")
    at_ms = int(boto3.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"].timestamp() * 1000)
    logs.put_log_events(
        logGroupName=group, logStreamName="AllTraffic/i-mine", logEvents=[{"timestamp": at_ms, "message": text} for text in ("one", "two ERROR")]
    )
    printed = rehearsal.run("logs", NAME).out
    assert "AllTraffic/i-mine one\n" in printed
    assert "AllTraffic/i-mine two ERROR\n" in printed
    assert "one" not in rehearsal.run("logs", NAME, "--filter", "ERROR").out


def test_the_one_endpoint_that_there_is_need_not_be_named(rehearsal: Rehearsal) -> None:
    none = rehearsal.run("invoke")
    assert (none.code, "has made none" in none.err) == (2, True)
    rehearsal.create()
    rehearsal.create("--name", "other")
    several = rehearsal.run("describe")
    assert (several.code, "streamtwin-other" in several.err, NAME in several.err) == (2, True, True)


def test_an_endpoint_is_found_by_the_name_that_a_person_gave_it(rehearsal: Rehearsal) -> None:
    assert rehearsal.run("tgi", "--yes", "--name", "mine", "--question", "").code == 0
    for words in (("describe", "mine"), ("describe", "mine", "--wait"), ("logs", "mine"), ("invoke", "mine", "what is life", "--max-tokens", "4")):
        done = rehearsal.run(*words)
        assert (done.code, bool(done.out)) == (0, True), (words, done.err)
    assert f"{NAME}: InService" in rehearsal.run("describe", "mine").out
    assert f"Deleted the endpoint {NAME}." in rehearsal.run("delete", "mine", "--yes").err
    assert NAME not in rehearsal.run("list").out


def test_an_exact_name_goes_before_one_with_our_prefix(rehearsal: Rehearsal) -> None:
    """Another's endpoint `mine` is what `mine` means; of its model alone, ours is not robbed."""
    assert rehearsal.create().code == 0
    sagemaker = boto3.client("sagemaker")
    sagemaker.create_model(
        ModelName="mine", ExecutionRoleArn="arn:aws:iam::123456789012:role/mine", PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    )
    assert f'"{NAME}"' in rehearsal.run("delete", "mine", "--dry-run").out
    assert '"mine"' not in rehearsal.run("delete", "mine", "--dry-run").out
    sagemaker.create_endpoint(EndpointName="mine", EndpointConfigName=NAME)
    assert rehearsal.run("describe", "mine").out.startswith("mine: ")
    assert '"EndpointName": "mine"' in rehearsal.run("delete", "mine", "--dry-run").out


def test_the_log_of_an_endpoint_that_does_not_exist_is_no_empty_log(rehearsal: Rehearsal) -> None:
    for words in (("logs", "none-such"), ("logs", "none-such", "--follow")):
        done = rehearsal.run(*words)
        assert (done.code, "There is no endpoint none-such in us-east-1" in done.err) == (1, True)
    assert rehearsal.create().code == 0
    quiet = rehearsal.run("logs", NAME, "--filter", "nobody-logs-this")
    assert (quiet.code, f"{NAME} has logged nothing" in quiet.err) == (0, True)


def test_a_secret_s_value_is_in_the_container_and_nowhere_else(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "hf_a-secret")
    boto3.client("secretsmanager").create_secret(Name="streamtwin-hub", SecretString="hf_another")
    done = rehearsal.create("--token-from", "env:MY_TOKEN")
    other = rehearsal.create("--name", "other", "--token-from", "secret:streamtwin-hub")
    assert (done.code, other.code) == (0, 0), done.err + other.err
    assert "hf_a" not in done.out + done.err + other.out + other.err
    client = boto3.client("sagemaker")
    held = [client.describe_model(ModelName=name)["PrimaryContainer"]["Environment"]["HF_TOKEN"] for name in (NAME, "streamtwin-other")]
    assert held == ["hf_a-secret", "hf_another"]
    assert "hf_a" not in rehearsal.run("describe", NAME).out + rehearsal.run("list").out


README = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Real endpoints")[2].partition("\n## ")[0]
BLOCKS = [re.findall(r"-m backends\.deploy (.+)", block) for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("lines", BLOCKS, ids=["in an account", "rehearsed"])
def test_a_journey_of_the_readme_runs_as_written_by_a_person_who_agrees(rehearsal: Rehearsal, lines: list[str]) -> None:
    for line in lines:
        done = rehearsal.run(*shlex.split(line), answers="y\n")
        assert done.code == 0, done.err
    assert [line.split()[0] for line in lines] in (["lmi", "invoke", "list", "delete", "delete"], ["tgi", "invoke", "delete"])
    assert "InService" not in rehearsal.run("list").out


def test_a_log_that_is_followed_tells_what_comes_later_until_ctrl_c(rehearsal: Rehearsal) -> None:
    assert rehearsal.create().code == 0
    logs, group = boto3.client("logs"), f"/aws/sagemaker/Endpoints/{NAME}"
    program = [sys.executable, "-u", "-m", "backends.deploy", "logs", NAME, "--follow"]
    command = subprocess.Popen(program, cwd=ROOT, env={**os.environ, **rehearsal.twin.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert command.stdout
    assert command.stderr
    first = command.stdout.readline()
    assert "AllTraffic/" in first
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    at_ms = int(boto3.client("sagemaker").describe_endpoint(EndpointName=NAME)["CreationTime"].timestamp() * 1000) + 60_000
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at_ms, "message": "much later"}])
    later = next(line for line in command.stdout if "much later" in line)
    command.send_signal(signal.SIGINT)
    rest, said = command.communicate(timeout=60)
    assert (command.returncode, "Interrupted." in said) == (130, True), said
    assert first not in later + rest


def test_a_wait_that_goes_on_ends_once_the_endpoint_is_in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer(creation_s=1) as twin:
        for name, value in twin.environ.items():
            monkeypatch.setenv(name, value)
        rehearsal = Rehearsal(twin)
        assert rehearsal.create("--no-wait").code == 0
        done = rehearsal.run("describe", NAME, "--wait")
    assert done.code == 0, done.err
    assert f"{NAME}: InService, " in done.err
    assert done.out.startswith(f"{NAME}: InService")


def test_the_command_as_a_process_hears_ctrl_c_while_it_waits() -> None:
    with MockServer(creation_s=3600) as twin:
        program = [sys.executable, "-u", "-m", "backends.deploy", "tgi", "--yes", "--name", NAME]
        command = subprocess.Popen(program, cwd=ROOT, env={**os.environ, **twin.environ}, stderr=subprocess.PIPE, text=True)
        assert command.stderr
        seen = ""
        for line in command.stderr:
            seen += line
            if ": Creating, 0 s" in line:
                command.send_signal(signal.SIGINT)
                break
        seen += command.stderr.read()
        assert command.wait(60) == 130, seen
    assert "Interrupted." in seen
    assert f"To go on: {PREFIX}describe {NAME} --wait" in seen
    assert f"To clean up: {PREFIX}delete {NAME}" in seen
