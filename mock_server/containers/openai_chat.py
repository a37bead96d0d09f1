"""How servers with OpenAI's API write completions token by token, or whole; the `Form` says in which members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mock_server.containers.container import Generated
from mock_server.containers.openai_form import Completion, Form, Template, draw_hex, fill
from mock_server.script import ScriptToken

NOTHING: Mapping[str, Any] = MappingProxyType({})
_GAP = "\0text\0"


class StreamWriter:
    """A chunk per token and choice."""

    def __init__(self, form: Form, completion: Completion) -> None:
        self._form, self._completion = form, completion
        self._said = {"id": completion.id, "created": completion.created, "model": completion.model}
        self._is_open = form.opening is None
        self._calls = _Calls(form, completion.seed)
        self._stop = _StopText(completion.stop if form.trims_stop else ())
        self._offset = 0
        self._is_plain = completion.choices == 1 and completion.logprobs is None and not self._stop.holds
        written = self._chunk(form.chunk, form.deltas["text"] or {}, {"content": _GAP, "text": _GAP})
        self._head, _, self._tail = written.rpartition(form.dumps(_GAP))

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return the write of each of the next tokens: its chunks."""
        writes = [self._token(token) for token in tokens]
        if writes:
            writes[0] = self._open() + writes[0]
        return writes

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the last token's chunk, that with the finish reason, the usage and the end mark."""
        form, token = self._form, answer.tokens[-1]
        stopped = find_stop(answer, self._completion.stop)
        ended = {"finish_reason": finish_of(form, answer), "stop_reason": stopped}
        self._stop.end(stopped)
        if form.end is None:
            writes = [self._open() + self._token(token, form.last, ended)]
        else:
            writes = [self._open() + self._token(token), self._chunk(form.last, form.end, {}, ended)]
        if self._completion.with_usage:
            writes.append(self._frame(fill(form.usage, self._said | usage_of(self._completion, answer))))
        return [*writes, form.done]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the chunk that says so, and the end mark."""
        return [self._form.prefix + self._form.failure + self._form.suffix, self._form.done]

    def _open(self) -> bytes:
        if self._is_open or self._form.opening is None:
            return b""
        self._is_open = True
        return self._chunk(self._form.opening, {}, {})

    def _token(self, token: ScriptToken, template: Template | None = None, ended: Mapping[str, Any] = NOTHING) -> bytes:
        """Return a token's chunk; `template` is that of the last token, which is written even if it says nothing."""
        form, role = self._form, _role(self._form, token)
        if role == "text":
            text = self._stop.release(_text(form, token))
            if self._is_plain and template is None:
                return self._head + form.dumps(text) + self._tail if text or form.writes_empty else b""
            values, before = {"content": text, "text": text}, b""
        else:
            values, before = self._calls.values(token, role), self._flush()
        delta = form.deltas[role]
        if template is None and (delta is None or not (form.writes_empty or any(values.values()))):
            return before
        return before + self._chunk(template or form.chunk, delta or {}, values, {"logprobs": self._logprobs(token), **ended})

    def _flush(self) -> bytes:
        """Return the text that was held back, before something that is no text."""
        text = self._stop.flush()
        return self._chunk(self._form.chunk, self._form.deltas["text"] or {}, {"content": text, "text": text}) if text else b""

    def _logprobs(self, token: ScriptToken) -> Any:
        if self._completion.logprobs is None:
            return None
        offset, self._offset = self._offset, self._offset + len(token.text)
        return self._form.logprobs((token,), self._completion.logprobs, offset)

    def _chunk(self, template: Template, delta: Template, values: Mapping[str, Any], ended: Mapping[str, Any] = NOTHING) -> bytes:
        said = {**self._said, **ended, "text": values.get("text"), "delta": fill(delta, values)}
        return b"".join(self._frame(fill(template, said | {"index": index})) for index in range(self._completion.choices))

    def _frame(self, document: Any) -> bytes:
        return self._form.prefix + self._form.dumps(document) + self._form.suffix


class WholeWriter:
    """One JSON object when all is generated."""

    def __init__(self, form: Form, completion: Completion) -> None:
        self._form, self._completion = form, completion

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return nothing that leaves."""
        return (b"",) * len(tokens)

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the whole answer."""
        form, completion = self._form, self._completion
        stopped = find_stop(answer, completion.stop)
        texts = _texts(form, answer, stopped)
        calls = [fill(form.call, call) for call in _Calls(form, completion.seed).whole(answer.tokens)] if form.deltas.get("call") else []
        values = {"content": texts["text"] or (None if calls else ""), "reasoning_content": texts["reasoning"] or None, "tool_calls": calls or form.no_calls}
        logprobs = None if completion.logprobs is None else form.logprobs(answer.tokens, completion.logprobs, 0)
        said = {"id": completion.id, "created": completion.created, "model": completion.model} | usage_of(completion, answer)
        said |= {"finish_reason": finish_of(form, answer), "stop_reason": stopped, "logprobs": logprobs, "text": texts["text"]}
        said["message"] = fill(form.calling_message if calls and form.calling_message else form.message, values)
        [choice] = form.whole["choices"]
        choices = [fill(choice, said | {"index": index}) for index in range(completion.choices)]
        return [form.dumps(fill({**form.whole, "choices": None}, {**said, "choices": choices}))]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the error in the answer's place."""
        return [self._form.failure]


class _Calls:
    """Numbers the tool calls of an answer, and draws their ids."""

    def __init__(self, form: Form, seed: int) -> None:
        self._form, self._seed = form, seed
        self._index = -1

    def values(self, token: ScriptToken, role: str) -> dict[str, Any]:
        """Return what a token that is no text says, by the names in a delta's template."""
        if role == "call":
            self._index += 1
            return {"id": self._form.call_id.format(hex=draw_hex(self._seed, self._index + 1), index=self._index), "index": self._index, "name": token.name}
        if role == "arguments":
            return {"index": max(self._index, 0), "arguments": token.text}
        return {"reasoning_content": token.text}

    def whole(self, tokens: Sequence[ScriptToken]) -> Sequence[dict[str, Any]]:
        """Return every call with all of its arguments."""
        calls: list[dict[str, Any]] = []
        for token in tokens:
            if token.role == "call":
                calls.append(self.values(token, "call") | {"arguments": ""})
            elif token.role == "arguments" and calls:
                calls[-1]["arguments"] += token.text
        return calls


class _StopText:
    """Holds back the end of a text that may yet become a stop string: as many characters as the longest has, less one.

    Source: vLLM's `BaseIncrementalDetokenizer` (vllm/v1/engine/detokenizer.py), whose text runs this far behind.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self.holds = max(map(len, stop), default=1) - 1
        self._held = ""
        self._is_ended = False
        self._stopped: str | None = None

    def end(self, stopped: str | None) -> None:
        """Say that the next token is the last, and at which stop string the answer ended."""
        self._is_ended, self._stopped = True, stopped if self.holds or stopped else None

    def release(self, text: str) -> str:
        """Return the text that can go out with this token."""
        text = self._held + text
        if self._is_ended:
            self._held = ""
            return cut_stop(text, self._stopped)
        kept = len(text) - self.holds
        self._held = text[max(kept, 0) :]
        return text[: max(kept, 0)]

    def flush(self) -> str:
        """Return what is held back."""
        text, self._held = self._held, ""
        return text


def finish_of(form: Form, answer: Generated) -> str:
    """Return the server's word for how an answer ended."""
    called = form.deltas.get("call") is not None and any(token.role == "call" for token in answer.tokens)
    return form.finish["tool_calls" if called and answer.finish_reason in form.called else answer.finish_reason]


def usage_of(completion: Completion, answer: Generated) -> dict[str, int]:
    """Return the counts of a completion, by their names in OpenAI's API."""
    generated = answer.length * completion.choices
    return {"prompt_tokens": completion.prompt_tokens, "completion_tokens": generated, "total_tokens": completion.prompt_tokens + generated}


def find_stop(answer: Generated, stop: Sequence[str]) -> str | None:
    """Return the stop string at which an answer ended, None if it ended otherwise."""
    if answer.finish_reason != "stop_sequence":
        return None
    return next((word for word in stop if answer.text.endswith((word, f"{word}\n"))), None)


def cut_stop(text: str, stopped: str | None) -> str:
    """Return a text without the stop string at its end, and what came behind it."""
    return text[: text.rindex(stopped)] if stopped and stopped in text else text


def _role(form: Form, token: ScriptToken) -> str:
    """Return what a token is to a server: text, where it has no parser for what it is."""
    return token.role if token.role in form.deltas else "text"


def _text(form: Form, token: ScriptToken) -> str:
    return "" if token.special and not form.shows_special else token.text


def _texts(form: Form, answer: Generated, stopped: str | None) -> dict[str, str]:
    """Return the answer's text and its thoughts."""
    texts = {"text": "", "reasoning": ""}
    for token in answer.tokens:
        role = _role(form, token)
        if role in texts:
            texts[role] += _text(form, token)
    texts["text"] = cut_stop(texts["text"], stopped if form.trims_stop else None)
    return texts
