"""`[DONE]`, which ends an answer where it comes, and which an answer does not need to end."""

from __future__ import annotations

from functools import partial

from backends.events import Finish, Token
from mock_server.contract.case import fails, said
from mock_server.contract.cases.ending import LMI_END
from mock_server.contract.cases.rows import (
    CHAT_EVENTS,
    COMPLETION_EVENTS,
    LENGTH,
    LMI_0_36,
    LMI_ASYNC_CHAT,
    LMI_CHAT,
    LMI_CHUNK,
    OPENAI_CHUNK,
    OPENAI_COMPLETION,
    TGI_CHAT,
    TGI_CHUNK,
    VLLM,
    VLLM_CHUNK,
    By,
    row,
)

OPENAI_END = "OpenAI's API reference, chat completions, stream: terminated by a `data: [DONE]` message"
USAGE = "OpenAI's API reference, stream_options.include_usage: one more chunk before [DONE], with the usage and no choices"
BIT_DONE = ("https://github.com/BerriAI/litellm/pull/31598",)

done = partial(row, "done", source=OPENAI_END)

CASES = (
    done(
        "done-in-a-part-of-its-own",
        TGI_CHAT,
        b"data: " + TGI_CHUNK + b'"Foot"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n',
        b"data: " + TGI_CHUNK + b'"print"},"logprobs":null,"finish_reason":"length"}],"usage":null}\n\n',
        b"data: [DONE]\n\n",
        right=said("Foot", "print", finish=LENGTH),
        why="`[DONE]` is no JSON but the end.",
        bit=BIT_DONE,
    ),
    done(
        "done-in-the-last-event-s-chunk",
        LMI_CHAT,
        b"data: " + LMI_CHUNK + b'"Oar", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n\n',
        b"data: " + LMI_CHUNK + b'"s"}, "logprobs": null, "finish_reason": "length"}]}\n\ndata: [DONE]\n\n',
        right=said("Oar", "s", finish=LENGTH),
        why="LMI writes the last event and `[DONE]` at once: the event counts too.",
        source="djl-serving 0.36, djl_python/output_formatter.py: the sse chat formatter appends it to the last chunk",
        bit=BIT_DONE,
    ),
    done(
        "done-without-a-space",
        COMPLETION_EVENTS,
        b"data:" + OPENAI_COMPLETION + b'{"index":0,"text":"Keel","logprobs":null,"finish_reason":"length"}]}\n\ndata:[DONE]\n\n',
        right=said("Keel", finish=LENGTH),
        why="The space before `[DONE]` may be absent, as before any data.",
        source="WHATWG HTML, 9.2.6: one space behind the colon is removed, if there is one",
        bit=("https://github.com/sgl-project/genai-bench/issues/159",),
    ),
    done(
        "done-split",
        VLLM,
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}\n\n',
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"content":"Mast"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]}\n\n',
        b"data: [DO",
        b"NE]\n",
        b"\n",
        right=said("Mast", finish=LENGTH),
        why="A part may end inside `[DONE]`, whose first byte is JSON's for an array.",
    ),
    done(
        "done-absent",
        By("chat-sse", "text/event-stream", "tgi-2.1-messages"),
        b'data: {"object":"chat.completion.chunk","id":"","created":1764023695,"model":"/opt/ml/model","system_fingerprint":"2.1.1-native",'
        b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Rudder"},"logprobs":null,"finish_reason":"length"}]}\n\n',
        right=said("Rudder", finish=LENGTH),
        why="TGI before 2.2 writes no `[DONE]` behind a chat: the `finish_reason` is the end.",
        source="text-generation-inference 2.1, router/src/server.rs: chat_completions ends with the last chunk; 2.2 adds [DONE] (pull request 2221)",
    ),
    done(
        "done-emptied",
        LMI_ASYNC_CHAT,
        b'{"id":"chatcmpl-ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"lmi",'
        b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}\n',
        b'{"id":"chatcmpl-ac807256d04e1f3340feb93559cb6c3f","object":"chat.completion.chunk","created":1764023695,"model":"lmi",'
        b'"choices":[{"index":0,"delta":{"content":"Buoy"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]}\n',
        b"\n",
        right=said("Buoy", finish=LENGTH),
        why="LMI's asynchronous handler takes vLLM's `[DONE]` away and leaves its blank line.",
        source=LMI_END,
    ),
    done(
        "done-twice",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Hull"},"finish_reason":"length"}]}\n\ndata: [DONE]\n\ndata: [DONE]\n\n',
        right=said("Hull", finish=LENGTH),
        why="A second `[DONE]` ends nothing more: there is one end.",
    ),
    done(
        "done-with-nothing-before",
        CHAT_EVENTS,
        b"data: [DONE]\n\n",
        right=said(),
        also=(fails("truncated"),),
        why="`[DONE]` alone ends an answer without a token; ours believes the container that it ended, and to miss the answer is as good.",
    ),
    done(
        "done-is-all-that-ends-it",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Jetty"},"finish_reason":null}]}\n\ndata: [DONE]\n\n',
        right=said("Jetty"),
        also=(fails("truncated", "Jetty"),),
        why="`[DONE]` says that the stream ended as it should: ours believes it, though no chunk told the reason; to miss the reason is as right.",
    ),
    done(
        "done-inside-a-text",
        LMI_CHAT,
        b"data: " + LMI_CHUNK + b'"[DONE]", "role": "assistant"}, "logprobs": null, "finish_reason": null}]}\n\n',
        b"data: " + LMI_CHUNK + b'" and data: [DONE]\\n\\n ok"}, "logprobs": null, "finish_reason": "length"}]}\n\ndata: [DONE]\n\n',
        right=said("[DONE]", " and data: [DONE]\n\n ok", finish=LENGTH),
        why="`[DONE]` inside a text is text: only an event whose whole data it is ends the answer.",
    ),
    done(
        "done-inside-a-line",
        LMI_0_36,
        b'{"token": {"id": 1, "text": "[DONE]", "log_prob": -0.5}}\n',
        b'{"token": {"id": 2, "text": " soon", "log_prob": -0.5}, "generated_text": "[DONE] soon"}\n',
        right=said(Token("[DONE]", 1, -0.5), Token(" soon", 2, -0.5)),
        why="The same in a format that knows no `[DONE]`.",
        source="djl-serving 0.36, djl_python/output_formatter.py: jsonlines has no sentinel",
    ),
    done(
        "something-behind-done",
        CHAT_EVENTS,
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"Pier"},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
        b"data: " + OPENAI_CHUNK + b'{"index":0,"delta":{"content":"no"},"finish_reason":null}]}\n\n: bye\n\ndata: {"unfin',
        right=said("Pier", finish=LENGTH),
        why="`[DONE]` is the end: what stands behind it is no part of the answer, however it looks.",
    ),
    done(
        "usage-before-done",
        VLLM,
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null}\n\n',
        b"data: " + VLLM_CHUNK + b'{"index":0,"delta":{"content":"Sail"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]}\n\n',
        b"data: " + VLLM_CHUNK + b'],"usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}}\n\ndata: [DONE]\n\n',
        right=said("Sail", finish=Finish("length", "length", 1, 1)),
        why="Between the `finish_reason` and `[DONE]` may stand a chunk with the usage and no choices: it adds no text, and is no end.",
        source=USAGE,
    ),
)
