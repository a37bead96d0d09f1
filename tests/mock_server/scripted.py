"""What a container replies when its model is a script."""

from __future__ import annotations

from mock_server.containers.container import Container, ContainerRequest, Reply, generate
from mock_server.script import Script


def reply_of(container: Container, request: ContainerRequest, script: Script) -> Reply:
    taken = container.handle(request)
    return taken if isinstance(taken, Reply) else taken.reply(generate(script, taken.question))
