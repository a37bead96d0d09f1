"""What several tables share: content types, end marks, the sources that many cases cite, and the members that each server writes around a chunk's choices.

The members and their order are those of the sources named here; ids and times are made up.
"""

from __future__ import annotations

from mock_server.contract.cases.rows import OPENAI_CHUNK

JSON = "application/json"
JSON_LINES = "application/jsonlines"
SSE = "text/event-stream"
SSE_UTF8 = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"

OPENAI = "OpenAI's API reference, the chat completion chunk object"
VLLM = "vLLM v0.11.0, vllm/entrypoints/openai/serving_chat.py"
SGLANG = "SGLang v0.5.4, python/sglang/srt/entrypoints/openai/serving_chat.py"
TGI_CHAT = "text-generation-inference v3.3.6, router/src/chat.rs"
TGI = "text-generation-inference v2.4.1, router/src/server.rs"
LMI = "djl-serving 0.32.0-dlc, djl_python/output_formatter.py"
LMI_ASYNC = "djl-serving 0.35.0-dlc, djl_python/async_utils.py and lmi_vllm/request_response_utils.py"


def openai_chat(choices: bytes, more: bytes = b"") -> bytes:
    """Return an event of nobody in particular, with the members that OpenAI's API reference requires; `more` are those behind the choices."""
    return b"data: %b%b]%b}\n\n" % (OPENAI_CHUNK, choices, more)


def vllm_chat(choices: bytes, more: bytes = b"") -> bytes:
    """Return an event of vLLM; `more` are the members behind the choices."""
    head = b'"id":"chatcmpl-ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"/opt/ml/model"'
    return b'data: {%b,"choices":[%b]%b}\n\n' % (head, choices, more)


def async_chat(choices: bytes, more: bytes = b"") -> bytes:
    """Return a line of LMI's asynchronous handler: vLLM's event without what makes it one."""
    head = b'"id":"chatcmpl-484bea9e72236667c2d30e112e15969a","object":"chat.completion.chunk","created":1764023695,"model":"lmi"'
    return b'{%b,"choices":[%b]%b}\n' % (head, choices, more)


def sglang_chat(choices: bytes, usage: bytes = b"null") -> bytes:
    """Return an event of SGLang, which writes every member."""
    head = b'"id":"ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"default"'
    return b'data: {%b,"choices":[%b],"usage":%b}\n\n' % (head, choices, usage)


def tgi_chat(choices: bytes, usage: bytes = b"null", version: bytes = b"3.3.6") -> bytes:
    """Return an event of TGI 2.3 or later."""
    head = b'"object":"chat.completion.chunk","id":"","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"%b-native"' % version
    return b'data: {%b,"choices":[%b],"usage":%b}\n\n' % (head, choices, usage)


def lmi_chat(choices: bytes) -> bytes:
    """Return a chunk of LMI's rolling batch, in which neither a line end nor a prefix is."""
    return b'{"id": "chatcmpl-139740079303760", "object": "chat.completion.chunk", "created": 1795171127, "choices": [%b]}' % choices
