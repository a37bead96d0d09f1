"""The plan of each command, as literal data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backends.deploy.archive import OPTIONS, pack
from backends.deploy.jumpstart import JumpStartModel
from backends.deploy.names import ROLE
from backends.deploy.place import Place
from backends.deploy.plan import Call, Plan, Secret, as_command, printed, thing_of, undo
from backends.deploy.plans import Wish, plan_jumpstart, plan_lmi, plan_tgi
from backends.deploy.prices import price

NAME = "streamtwin-mine"
ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/mine"
PLACE = Place(account=ACCOUNT, region="us-west-2", role=ROLE_ARN)
WISH = Wish(name=NAME, instance_type="ml.g5.2xlarge")
LMI = "763104351884.dkr.ecr.us-west-2.amazonaws.com/djl-inference:0.23.0-deepspeed0.9.5-cu118"
TGI = "763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-tgi-inference:2.0.1-tgi0.9.3-gpu-py39-cu118-ubuntu20.04"
BUCKET = f"streamtwin-{ACCOUNT}-us-west-2"
FALCON = JumpStartModel(
    model_id="huggingface-llm-falcon-7b-instruct-bf16",
    version="2.0.1",
    image=TGI,
    artifact="s3://jumpstart-cache-prod-us-west-2/falcon/",
    environment={"SM_NUM_GPUS": "1"},
    instance_type="ml.g5.2xlarge",
    health_check_s=1200,
    download_s=1800,
    eula="https://example.com/eula",
    is_isolated=True,
)


def tagged(command: str) -> list[dict[str, str]]:
    told = {"endpoint": NAME, "command": command, "instances": "1 x ml.g5.2xlarge"}
    return [{"Key": f"streamtwin:{key}", "Value": value} for key, value in told.items()]


def three(command: str, container: dict[str, Any], **limits: int) -> list[Call]:
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.g5.2xlarge", **limits}
    tags = {"Tags": tagged(command)}
    model = {"ModelName": NAME, "PrimaryContainer": container, "ExecutionRoleArn": ROLE_ARN, "EnableNetworkIsolation": command == "jumpstart", **tags}
    return [
        Call("sagemaker", "CreateModel", model),
        Call("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": NAME, "ProductionVariants": [variant], **tags}),
        Call("sagemaker", "CreateEndpoint", {"EndpointName": NAME, "EndpointConfigName": NAME, **tags}),
    ]


def lmi(place: Place = PLACE, wish: Wish = WISH) -> Plan:
    return plan_lmi(wish, place, image=LMI, options=OPTIONS["djl-deepspeed"], files={"model.py": b"pass"})


def test_lmi_uploads_an_archive_and_serves_it() -> None:
    text = "".join(f"{name}={value}\n" for name, value in OPTIONS["djl-deepspeed"].items())
    body = pack({"serving.properties": text.encode(), "model.py": b"pass"})
    assert list(lmi().creates) == [
        Call("s3", "PutObject", {"Bucket": BUCKET, "Key": f"{NAME}/model.tar.gz", "Body": body, "ExpectedBucketOwner": ACCOUNT}),
        *three(
            "lmi",
            {"Image": LMI, "ModelDataUrl": f"s3://{BUCKET}/{NAME}/model.tar.gz", "Environment": {"HF_MODEL_ID": "tiiuae/falcon-7b-instruct"}},
            ContainerStartupHealthCheckTimeoutInSeconds=900,
        ),
    ]


def test_tgi_names_its_model_and_sends_no_archive() -> None:
    environment = {
        "HF_MODEL_ID": "tiiuae/falcon-7b-instruct",
        "SM_NUM_GPUS": "1",
        "MAX_INPUT_LENGTH": "1900",
        "MAX_TOTAL_TOKENS": "2048",
        "HF_MODEL_QUANTIZE": "bitsandbytes",
    }
    plan = plan_tgi(WISH, PLACE, image=TGI, model="tiiuae/falcon-7b-instruct", quantize="bitsandbytes")
    assert list(plan.creates) == three("tgi", {"Image": TGI, "Environment": environment}, ContainerStartupHealthCheckTimeoutInSeconds=300)


def test_jumpstart_deploys_what_the_publisher_says_with_its_time_limits_and_terms() -> None:
    source = {"S3Uri": FALCON.artifact, "S3DataType": "S3Prefix", "CompressionType": "None", "ModelAccessConfig": {"AcceptEula": True}}
    container = {"Image": TGI, "ModelDataSource": {"S3DataSource": source}, "Environment": {"SM_NUM_GPUS": "1"}}
    plan = plan_jumpstart(WISH, PLACE, model=FALCON, accepts_eula=True)
    assert list(plan.creates) == three("jumpstart", container, ContainerStartupHealthCheckTimeoutInSeconds=1200, ModelDataDownloadTimeoutInSeconds=1800)


def test_a_jumpstart_model_in_one_archive_is_named_as_one() -> None:
    plan = plan_jumpstart(WISH, PLACE, model=replace(FALCON, artifact="s3://b/m.tar.gz", eula=None))
    assert plan.creates[0].parameters["PrimaryContainer"]["ModelDataUrl"] == "s3://b/m.tar.gz"


def test_a_role_and_a_bucket_that_are_missing_come_first_and_carry_tags() -> None:
    plan = lmi(replace(PLACE, role=None, has_bucket=False))
    assert [call.operation for call in plan.creates] == [
        "CreateRole",
        "PutRolePolicy",
        "CreateBucket",
        "PutBucketTagging",
        "PutObject",
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
    ]
    shared = [{"Key": "streamtwin:endpoint", "Value": "shared"}]
    assert plan.creates[0].parameters["Tags"] == plan.creates[3].parameters["Tagging"]["TagSet"] == shared
    assert plan.creates[5].parameters["ExecutionRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


@pytest.mark.parametrize(("region", "where"), [("us-east-1", {}), ("eu-west-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}})])
def test_a_bucket_is_told_its_region_but_for_the_first(region: str, where: dict[str, Any]) -> None:
    plan = lmi(replace(PLACE, region=region, has_bucket=False))
    assert plan.creates[0].parameters == {"Bucket": f"streamtwin-{ACCOUNT}-{region}", **where}


def test_another_partition_s_arns_are_its_own() -> None:
    plan = lmi(replace(PLACE, partition="aws-cn", role=None))
    assert plan.creates[-3].parameters["ExecutionRoleArn"].startswith("arn:aws-cn:iam::")
    assert "arn:aws:" not in plan.creates[1].parameters["PolicyDocument"]


def test_nothing_is_looked_at_but_whether_the_name_is_free() -> None:
    assert [(call.operation, *call.parameters.values()) for call in lmi().looks] == [
        ("DescribeEndpoint", NAME),
        ("DescribeEndpointConfig", NAME),
        ("DescribeModel", NAME),
    ]


def test_the_first_question_is_in_the_form_that_the_container_takes() -> None:
    wish = replace(WISH, question="what is life")
    [_, asked] = lmi(wish=wish).follows
    assert asked.operation == "InvokeEndpointWithResponseStream"
    assert asked.parameters["EndpointName"] == NAME
    assert asked.parameters["Body"]["inputs"].endswith("User: what is life\n\nAssistant:")
    [_, chat] = plan_tgi(wish, PLACE, image=TGI.replace("tgi0.9.3", "tgi3.3.6"), model="tiiuae/falcon-7b-instruct").follows
    assert chat.parameters["Body"]["messages"] == [{"role": "user", "content": "what is life"}]


def test_a_token_is_a_reference_in_the_plan_and_in_what_is_printed() -> None:
    plan = plan_tgi(replace(WISH, token=Secret("secret:streamtwin-hub")), PLACE, image=TGI, model="meta-llama/Llama-2-7b-chat-hf")
    assert plan.looks[-1] == Call("secretsmanager", "GetSecretValue", {"SecretId": "streamtwin-hub"})
    assert '"HF_TOKEN": "<the value of secret:streamtwin-hub, looked up when it is sent>"' in printed(plan.creates[0])


def test_an_archive_is_printed_by_its_size_and_hash() -> None:
    assert " bytes, SHA-256 " in printed(lmi().creates[0])


def test_what_was_created_is_taken_back_from_its_end() -> None:
    plan = lmi(replace(PLACE, role=None, has_bucket=False))
    assert [as_command(call) for call in undo(plan.creates)] == [
        f"aws sagemaker delete-endpoint --endpoint-name {NAME}",
        f"aws sagemaker delete-endpoint-config --endpoint-config-name {NAME}",
        f"aws sagemaker delete-model --model-name {NAME}",
        f"aws s3api delete-object --bucket {BUCKET} --key {NAME}/model.tar.gz",
        f"aws s3api delete-bucket --bucket {BUCKET}",
        "aws iam delete-role-policy --role-name streamtwin-sagemaker --policy-name what-an-endpoint-needs",
        "aws iam delete-role --role-name streamtwin-sagemaker",
    ]


def test_everything_is_called_by_kind_and_name_whether_it_comes_or_goes() -> None:
    creates = lmi(replace(PLACE, role=None, has_bucket=False)).creates
    named = [thing_of(call) for call in creates]
    assert named[-3:] == [f"model {NAME}", f"endpoint configuration {NAME}", f"endpoint {NAME}"]
    assert [thing_of(call) for call in undo(creates)][::-1] == [each for each in named if not each.startswith("tags")]


@pytest.mark.parametrize(
    ("instance_type", "count", "region", "words"),
    [
        ("ml.g5.2xlarge", 1, "us-east-1", "1 x ml.g5.2xlarge: $1.515 an hour (us-east-1, August 2026) until"),
        ("ml.g5.48xlarge", 2, "eu-west-1", "2 x ml.g5.48xlarge: $40.720 an hour (us-east-1, August 2026; eu-west-1 may differ) until"),
        ("ml.g4dn.12xlarge", 1, "us-east-1", "its price is not in our table; https://aws.amazon.com/sagemaker/ai/pricing/"),
        ("ml.p5.48xlarge", 1, "us-east-1", "its price is not in our table; https://aws.amazon.com/sagemaker/ai/pricing/"),
    ],
)
def test_a_price_is_told_with_its_date_or_where_to_find_it(instance_type: str, count: int, region: str, words: str) -> None:
    assert words in price(instance_type, count, region)
