"""The model containers that the twin plays, one row per version."""

from __future__ import annotations

from mock_server.containers.container import Container
from mock_server.containers.lmi import LMI
from mock_server.containers.lmi_async import LMI_ASYNC
from mock_server.containers.lmi_dynamic import LMI_DYNAMIC
from mock_server.containers.media import MEDIA
from mock_server.containers.sglang import SGLANG
from mock_server.containers.tgi import TGI
from mock_server.containers.vllm import VLLM

_ALL: tuple[Container, ...] = (*LMI, *LMI_DYNAMIC, *LMI_ASYNC, *TGI, *VLLM, *SGLANG, *MEDIA)
CONTAINERS: dict[str, Container] = {container.name: container for container in _ALL}
