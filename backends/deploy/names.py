"""What everything that is created is called, chosen before the first call, and the tags by which it is found again.

Sources: botocore's service model of sagemaker (an endpoint's name: 63 letters, digits and hyphens), S3's guide (a bucket's).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from backends.errors import ConfigurationError

PREFIX = "streamtwin-"
"""Every name begins with it: the policies allow no other."""
TAG = "streamtwin:endpoint"
"""The tag that everything made for an endpoint carries; its value is the endpoint's name."""
SHARED = "shared"
"""The tag's value on what serves every endpoint: the role and the bucket."""
ROLE = f"{PREFIX}sagemaker"
"""The execution role that is offered where there is none."""
POLICY = "what-an-endpoint-needs"
ARCHIVE = "model.tar.gz"
LIMIT = 63
"""Characters of a name."""


def name_for(command: str, model: str, now: datetime) -> str:
    """Return a name for the endpoint of a model, given as the Hub or JumpStart calls it; the time, to the millisecond, makes it one of a kind."""
    stamp = f"{now:%y%m%d-%H%M%S}-{now.microsecond // 1000:03}"
    words = re.sub(r"[^a-z0-9]+", "-", model.rpartition("/")[2].lower()).strip("-")
    room = LIMIT - len(f"{PREFIX}{command}--{stamp}")
    return f"{PREFIX}{command}-{words[:room].strip('-')}-{stamp}".replace("--", "-")


def own_name(text: str) -> str:
    """Return the name that a person chose, with the prefix in front.

    Raises:
        ConfigurationError: It cannot be one.
    """
    name = text if text.startswith(PREFIX) else PREFIX + text
    if len(name) > LIMIT or not re.fullmatch(r"[a-z0-9](-*[a-z0-9])*", name):
        raise ConfigurationError(
            f"--name is {text!r}; expected small letters, digits and hyphens between them, at most {LIMIT - len(PREFIX)} behind {PREFIX}, such as my-falcon"
        )
    return name


def bucket_for(account: str, region: str) -> str:
    """Return the bucket for archives of an account in a region."""
    return f"{PREFIX}{account}-{region}"


def key_for(name: str) -> str:
    """Return where an endpoint's archive is in the bucket."""
    return f"{name}/{ARCHIVE}"


def tags(name: str, **more: str) -> list[Mapping[str, str]]:
    """Return the tags of what is made for an endpoint, in the form that SageMaker, IAM and S3 share.

    Args:
        name: The endpoint's, or `SHARED`.
        more: Others, by what follows `streamtwin:`.
    """
    return [{"Key": TAG, "Value": name}, *({"Key": f"streamtwin:{key}", "Value": value} for key, value in more.items())]
