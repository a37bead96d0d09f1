"""The plan of each command: pure functions from what is wanted and where to calls.

Sources: the announcements' examples (options, variables, time limits); the LMI and TGI containers' manuals; SageMaker's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from backends.body import encode_body
from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.deploy import archive
from backends.deploy.jumpstart import JumpStartModel
from backends.deploy.names import key_for, tags
from backends.deploy.place import Place, make_bucket, make_role
from backends.deploy.plan import Call, Plan, Secret, secrets_of
from backends.deploy.prices import gpus_of
from backends.endpoints import Endpoint, Recognised, recognise

VARIANT = "AllTraffic"
LMI_S, TGI_S = 900, 300
"""How long a container may take to be well, as the announcements have it."""
QUESTION_TOKENS = 32
"""The most of the first answer: it shows that the endpoint streams."""
TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""What containers of today and of 2023 call the Hub's token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What every deployment is told."""

    name: str
    instance_type: str
    instances: int = 1
    health_check_s: int | None = None
    """How long the container may take to be well; None for the command's own."""
    token: Secret | None = None
    """The Hub's."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """More of the container's environment."""
    question: str = ""
    """The first to be asked; empty: none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """What is deployed, whatever the command."""

    image: str
    environment: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    """Members of the container that say where the model's files are."""
    names_model: str = ""
    """What the model is called, from which its family is known."""
    is_isolated: bool = False
    health_check_s: int
    download_s: int | None = None


def plan_lmi(wish: Wish, place: Place, *, image: str, options: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> Plan:
    """Return the plan that serves a model by LMI.

    Args:
        wish: What every deployment is told.
        place: Where.
        image: The container's.
        options: Those of `serving.properties`.
        files: `model.py` and `requirements.txt`, where there are any.
    """
    text = archive.as_properties(options)
    packed = archive.pack({archive.PROPERTIES: text.encode(), **(files or {})})
    key = key_for(wish.name)
    upload = Call("s3", "PutObject", {"Bucket": place.bucket, "Key": key, "Body": packed, "ExpectedBucketOwner": place.account})
    model = options.get("option.model_id", "")
    container = _Container(
        image=image,
        environment={**({"HF_MODEL_ID": model} if model else {}), **_more(wish)},  # what the endpoint is known by later: nobody looks into an archive
        model={"ModelDataUrl": f"s3://{place.bucket}/{key}"},
        names_model=model,
        health_check_s=LMI_S,
    )
    contents = (f"{archive.PROPERTIES} in the archive:", *(f"  {line}" for line in text.splitlines()), *(f"{name} in the archive" for name in files or ()))
    return _plan("lmi", wish, place, container, before=(*make_bucket(place), upload), notes=contents)


def plan_tgi(
    wish: Wish, place: Place, *, image: str, model: str, gpus: int | None = None, max_input: int = 1900, max_total: int = 2048, quantize: str | None = None
) -> Plan:
    """Return the plan that serves a model of the Hub by TGI.

    Args:
        wish: What every deployment is told.
        place: Where.
        image: The container's.
        model: Its id on the Hub.
        gpus: Over how many it is split; None for all that the instance has.
        max_input: The most tokens of a prompt.
        max_total: The most of prompt and answer together.
        quantize: How its weights are shrunk, such as `bitsandbytes`.
    """
    environment = {
        "HF_MODEL_ID": model,
        "SM_NUM_GPUS": str(gpus or gpus_of(wish.instance_type)),
        "MAX_INPUT_LENGTH": str(max_input),
        "MAX_TOTAL_TOKENS": str(max_total),
        **({"HF_MODEL_QUANTIZE": quantize} if quantize else {}),
        **_more(wish),
    }
    return _plan("tgi", wish, place, _Container(image=image, environment=environment, names_model=model, health_check_s=TGI_S))


def plan_jumpstart(wish: Wish, place: Place, *, model: JumpStartModel, accepts_eula: bool = False) -> Plan:
    """Return the plan that serves a JumpStart model as its publisher has set it up.

    Args:
        wish: What every deployment is told.
        place: Where.
        model: What is known of it.
        accepts_eula: Whether its terms were accepted.
    """
    if model.artifact.endswith("/"):
        source = {"S3Uri": model.artifact, "S3DataType": "S3Prefix", "CompressionType": "None"}
        access = {"ModelAccessConfig": {"AcceptEula": accepts_eula}} if model.eula else {}
        where: Mapping[str, Any] = {"ModelDataSource": {"S3DataSource": {**source, **access}}}
    else:
        where = {"ModelDataUrl": model.artifact}
    container = _Container(
        image=model.image,
        environment={**model.environment, **_more(wish)},
        model=where,
        names_model=model.model_id,
        is_isolated=model.is_isolated,
        health_check_s=model.health_check_s or LMI_S,
        download_s=model.download_s,
    )
    return _plan("jumpstart", wish, place, container, notes=(f"JumpStart's {model.model_id} {model.version}",))


def look_for(name: str) -> tuple[Call, ...]:
    """Return the calls that ask for an endpoint, its configuration and its model, all of one name."""
    return (
        Call("sagemaker", "DescribeEndpoint", {"EndpointName": name}),
        Call("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": name}),
        Call("sagemaker", "DescribeModel", {"ModelName": name}),
    )


def ask(request: ChatRequest, *, stream: bool = True) -> Call:
    """Return the call that a question comes to; our own backend makes it, as no boto3 client can be closed at any moment."""
    operation = "InvokeEndpointWithResponseStream" if stream else "InvokeEndpoint"
    body = orjson.loads(encode_body(request, stream=stream))
    return Call("sagemaker-runtime", operation, {"EndpointName": request.endpoint.name, "ContentType": "application/json", "Body": body})


def question_for(name: str, known: Recognised, question: str, parameters: Parameters = Parameters()) -> ChatRequest:  # noqa: B008 - frozen
    """Return a question to an endpoint in the form that its container takes; TGI is asked why it finished, which others tell by themselves or never."""
    if known.container.startswith("TGI") and known.accepts == "inputs":
        parameters = replace(parameters, details=True)
    return ChatRequest(messages=(ChatMessage("user", question),), endpoint=Endpoint(name, known.accepts, known.family), parameters=parameters)


def _more(wish: Wish) -> Mapping[str, Any]:
    return {**wish.variables, **(dict.fromkeys(TOKEN_VARIABLES, wish.token) if wish.token else {})}


def _plan(command: str, wish: Wish, place: Place, container: _Container, *, before: tuple[Call, ...] = (), notes: tuple[str, ...] = ()) -> Plan:
    tagged = {"Tags": tags(wish.name, command=command, instances=f"{wish.instances} x {wish.instance_type}")}
    creates = (
        *make_role(place),
        *before,
        Call("sagemaker", "CreateModel", _model(wish, place, container) | tagged),
        Call("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": wish.name, "ProductionVariants": [_variant(wish, container)]} | tagged),
        Call("sagemaker", "CreateEndpoint", {"EndpointName": wish.name, "EndpointConfigName": wish.name} | tagged),
    )
    read = [Call("secretsmanager", "GetSecretValue", {"SecretId": each.reference[7:]}) for each in secrets_of(creates) if each.reference.startswith("secret:")]
    wait = Call("sagemaker", "DescribeEndpoint", {"EndpointName": wish.name})
    asked = _first_question(wish, container)
    follows = (wait, *([ask(asked)] if asked else []))
    return Plan(command=command, name=wish.name, looks=(*look_for(wish.name), *read), creates=creates, follows=follows, notes=notes, question=asked)


def _model(wish: Wish, place: Place, container: _Container) -> dict[str, Any]:
    return {
        "ModelName": wish.name,
        "PrimaryContainer": {"Image": container.image, **container.model, **({"Environment": container.environment} if container.environment else {})},
        "ExecutionRoleArn": place.role_arn,
        "EnableNetworkIsolation": container.is_isolated,
    }


def _variant(wish: Wish, container: _Container) -> dict[str, Any]:
    limits = {
        "ContainerStartupHealthCheckTimeoutInSeconds": wish.health_check_s or container.health_check_s,
        "ModelDataDownloadTimeoutInSeconds": container.download_s,
    }
    return {
        "VariantName": VARIANT,
        "ModelName": wish.name,
        "InitialInstanceCount": wish.instances,
        "InstanceType": wish.instance_type,
        **{name: value for name, value in limits.items() if value},
    }


def _first_question(wish: Wish, container: _Container) -> ChatRequest | None:
    """Return it in the form that image, environment and the model's name tell."""
    if not wish.question:
        return None
    told = {name: value for name, value in container.environment.items() if isinstance(value, str)}
    known = recognise(container.image, told, container.names_model, wish.name)
    return question_for(wish.name, known, wish.question, Parameters(max_new_tokens=QUESTION_TOKENS))
