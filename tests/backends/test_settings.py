from __future__ import annotations

from typing import Any

import pytest

from backends.errors import ConfigurationError
from backends.settings import SPACE_PROXIES, Settings

ENDPOINT, URL, BACKEND = "ENDPOINT_NAME", "CONTAINER_URL", "CHAT_BACKEND"


def test_without_a_word_it_is_the_twin_on_loopback() -> None:
    assert Settings.from_env({}) == Settings(
        backend="mock", endpoint_name=None, accepts="inputs", family="plain", container_url=None, host="127.0.0.1", port=7860, root_path=""
    )


@pytest.mark.parametrize(
    ("environ", "flags", "expected"),
    [
        ({ENDPOINT: "mine"}, {}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({"endpoint_name": "mine"}, {}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({"endpoint_name": "old", ENDPOINT: "new"}, {}, {"backend": "sagemaker", "endpoint_name": "new"}),
        ({}, {ENDPOINT: "mine"}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({"endpoint_name": "theirs"}, {ENDPOINT: "mine"}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({}, {BACKEND: "mock", ENDPOINT: "falcon"}, {"backend": "mock", "endpoint_name": "falcon"}),
        ({BACKEND: "mock", ENDPOINT: "falcon"}, {}, {"backend": "mock", "endpoint_name": "falcon"}),
        ({BACKEND: "mock"}, {ENDPOINT: "mine"}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({BACKEND: "mock"}, {URL: "http://c"}, {"backend": "container", "container_url": "http://c"}),
        ({BACKEND: "mock"}, {ENDPOINT: "mine", URL: "http://c"}, {"backend": "container", "endpoint_name": "mine"}),
        ({BACKEND: "sagemaker", URL: "http://c"}, {BACKEND: "mock", ENDPOINT: "falcon"}, {"backend": "mock", "endpoint_name": "falcon"}),
        ({BACKEND: "sagemaker", ENDPOINT: "mine"}, {BACKEND: "mock"}, {"backend": "mock"}),
        ({URL: "http://c:8080/"}, {}, {"backend": "container", "container_url": "http://c:8080"}),
        ({URL: "http://c:8080"}, {ENDPOINT: "mine"}, {"backend": "sagemaker", "endpoint_name": "mine"}),
        ({ENDPOINT: "mine"}, {URL: "https://c/a/"}, {"backend": "container", "container_url": "https://c/a"}),
        ({}, {URL: "http://c/a@b"}, {"container_url": "http://c/a@b"}),
        ({BACKEND: "", ENDPOINT: "", "GRADIO_SERVER_PORT": ""}, {}, {"backend": "mock", "endpoint_name": None, "port": 7860}),
        ({"CHAT_ACCEPTS": "messages", "CHAT_FAMILY": "falcon"}, {}, {"accepts": "messages", "family": "falcon"}),
        ({"CHAT_SESSIONS": "yes", "INFERENCE_COMPONENT_NAME": "part"}, {}, {"sessions": True, "component": "part"}),
        ({"CHAT_SESSIONS": "no"}, {}, {"sessions": False, "component": None}),
        ({}, {}, {"public": False}),
        ({"CHAT_PUBLIC": "yes"}, {}, {"public": True}),
        ({"CHAT_DEPLOY": "yes"}, {}, {"deploy": True}),
        ({"CHAT_DEPLOY": "no", "CHAT_PUBLIC": "yes"}, {}, {"public": True}),
        ({"SPACE_ID": "somebody/streamtwin"}, {}, {"public": True}),
        ({"SPACE_ID": "somebody/streamtwin", "CHAT_PUBLIC": "no"}, {}, {"public": False}),
        ({}, {}, {"limits": (), "proxies": "127.0.0.1"}),
        ({"SPACE_ID": "somebody/streamtwin"}, {}, {"proxies": SPACE_PROXIES}),
        ({"SPACE_ID": "somebody/streamtwin", "FORWARDED_ALLOW_IPS": "192.0.2.1"}, {}, {"proxies": "192.0.2.1"}),
        ({"CHAT_LIMITS": "answers=9"}, {}, {"limits": (("answers", 9),)}),
        ({"CHAT_LIMITS": " answers=9 , answer_s=010"}, {}, {"limits": (("answers", 9), ("answer_s", 10))}),
        ({"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": "80"}, {"GRADIO_SERVER_PORT": "0"}, {"host": "0.0.0.0", "port": 0}),
        ({"GRADIO_ROOT_PATH": "/chat/"}, {}, {"root_path": "/chat"}),
        ({"GRADIO_ROOT_PATH": "https://example.com/chat"}, {}, {"root_path": "https://example.com/chat"}),
    ],
)
def test_flags_win_over_the_environment_and_a_name_or_a_url_says_which_backend(
    environ: dict[str, str], flags: dict[str, str], expected: dict[str, Any]
) -> None:
    settings = Settings.from_env(environ, flags=flags)
    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({BACKEND: "bedrock"}, "CHAT_BACKEND (--backend) is 'bedrock'; expected one of mock, sagemaker, container."),
        ({"CHAT_ACCEPTS": "prompt"}, "CHAT_ACCEPTS is 'prompt'; expected one of inputs, messages."),
        ({"CHAT_SESSIONS": "1"}, "CHAT_SESSIONS is '1'; expected one of yes, no."),
        ({"CHAT_FAMILY": "unicorn"}, "CHAT_FAMILY is 'unicorn'; expected one of "),
        ({URL: "c:8080"}, "CONTAINER_URL (--url) is 'c:8080'; expected a URL such as http://127.0.0.1:8080."),
        ({URL: "https://user:secret@c"}, "CONTAINER_URL (--url) holds a name or a password, which the page would show: leave it out."),
        ({URL: "user@c:8080"}, "CONTAINER_URL (--url) holds a name or a password"),
        ({URL: "http://"}, "CONTAINER_URL (--url) is 'http://'; expected a URL"),
        ({"GRADIO_SERVER_PORT": "http"}, "GRADIO_SERVER_PORT (--port) is 'http'; expected a port from 0 to 65535."),
        ({"GRADIO_SERVER_PORT": "65536"}, "GRADIO_SERVER_PORT (--port) is '65536'; expected a port from 0 to 65535."),
        ({"GRADIO_ROOT_PATH": "chat"}, "GRADIO_ROOT_PATH (--root-path) is 'chat'; expected a path such as /chat."),
        ({"CHAT_DEPLOY": "perhaps"}, "CHAT_DEPLOY is 'perhaps'; expected one of yes, no."),
        ({"CHAT_DEPLOY": "yes", "CHAT_PUBLIC": "yes"}, "CHAT_DEPLOY is yes on a public page"),
        ({"CHAT_DEPLOY": "yes", "SPACE_ID": "somebody/streamtwin"}, "CHAT_DEPLOY is yes on a public page"),
        ({"CHAT_LIMITS": "answers"}, "CHAT_LIMITS is 'answers'; expected names with numbers over 0, such as answers=50,answer_s=120."),
        ({"CHAT_LIMITS": "answers=0"}, "CHAT_LIMITS is 'answers=0'; expected names"),
        ({"CHAT_LIMITS": "answers=1,"}, "CHAT_LIMITS is 'answers=1,'; expected names"),
        ({"CHAT_LIMITS": "answers=\N{ARABIC-INDIC DIGIT ONE}"}, "CHAT_LIMITS is "),
        ({BACKEND: "sagemaker"}, "The backend sagemaker needs the name of an endpoint: set ENDPOINT_NAME or pass --endpoint."),
        ({BACKEND: "container"}, "The backend container needs the container's address: set CONTAINER_URL or pass --url."),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(environ)
    assert str(caught.value).startswith(words)
