"""How servers with OpenAI's API write completions token by token, or whole; the `Form` says in which members."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mock_server.containers.container import Generated
from mock_server.containers.openai_form import Completion, Form, Template, draw_hex, fill
from mock_server.script import Role, ScriptToken

NOTHING: Mapping[str, Any] = MappingProxyType({})
_GAP = "\0text\0"


class StreamWriter:
    """A chunk per token and choice."""

    def __init__(self, form: Form, completion: Completion) -> None:
        self._form, self._completion = form, completion
        self._said = {"id": completion.id, "created": completion.created, "model": completion.model}
        self._roles, self._calls = _Roles(form), _Calls(form, completion.seed)
        self._stop = StopText(form, completion.stop)
        self._offset = 0
        self._is_plain = completion.choices == 1 and completion.logprobs is None and self._stop.is_off
        written = self._chunk(form.chunk, form.deltas["text"] or {}, {"content": _GAP, "text": _GAP})
        self._head, _, self._tail = written.rpartition(form.dumps(_GAP))

    @property
    def opening(self) -> Sequence[bytes]:
        """What is written before the first token: the role, where it has a chunk of its own."""
        return () if self._form.opening is None else (self._chunk(self._form.opening, {}, {}),)

    def tokens(self, tokens: Sequence[ScriptToken]) -> Sequence[bytes]:
        """Return the write of each of the next tokens: its chunks."""
        return [self._token(token) for token in tokens]

    def last(self, answer: Generated) -> Sequence[bytes]:
        """Return the last token's chunk, that with the finish reason, the usage and the end mark."""
        form, token = self._form, answer.tokens[-1]
        stopped = find_stop(answer, self._completion.stop)
        counts = usage_of(self._completion, answer)
        ended = _ended(form, answer, stopped) | counts
        if self._completion.with_usage:
            ended["usage"] = fill(form.usage_within, counts)
        role = self._roles.of(token)
        text = self._stop.end(_text(form, token) if role == "text" else "", stopped)
        if form.end is None:
            writes = [self._write(token, role, text, form.last, ended)]
        else:
            writes = [self._write(token, role, text), self._chunk(form.last, form.end, {}, ended)]
        if self._completion.with_usage and form.usage:
            writes.append(self._frame(fill(form.usage, self._said | counts)))
        return [*writes, form.done]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the chunk that says so, and the end mark."""
        return [self._form.prefix + self._form.failure + self._form.suffix, self._form.done]

    def _token(self, token: ScriptToken) -> bytes:
        """Return the chunk of a token behind which others follow."""
        form, role = self._form, self._roles.of(token)
        if role != "text":
            return self._write(token, role, self._stop.flush())
        text = self._stop.release(_text(form, token))
        if self._is_plain:
            return self._head + form.dumps(text) + self._tail if text or form.writes_empty else b""
        return self._write(token, role, text)

    def _write(self, token: ScriptToken, role: Role, text: str, last: Template | None = None, ended: Mapping[str, Any] = NOTHING) -> bytes:
        """Return a token's chunk, behind that of text that was held back if the token is none; `last` is the template of one that is written in any case."""
        form, before = self._form, b""
        if role == "text":
            values: Mapping[str, Any] = {"content": text, "text": text}
        else:
            values = self._calls.values(token, role)
            before = self._chunk(form.chunk, form.deltas["text"] or {}, {"content": text, "text": text}) if text else b""
        delta = form.deltas.get("arguments" if role == "mark" and values else role)
        if last is None and (delta is None or not (form.writes_empty or _says_something(values))):
            return before
        return before + self._chunk(last or form.chunk, delta or form.nothing, values, {"logprobs": self._logprobs(token), **ended})

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
        values = {
            "content": texts["text"] or (None if calls else form.empty_content),
            "reasoning": texts["reasoning"] or None,
            "tool_calls": calls or form.no_calls,
        }
        values["reasoning_content"] = values["reasoning"]
        logprobs = None if completion.logprobs is None else form.logprobs(answer.tokens, completion.logprobs, 0)
        said = {"id": completion.id, "created": completion.created, "model": completion.model} | usage_of(completion, answer)
        said |= {"logprobs": logprobs, "text": texts["text"]} | _ended(form, answer, stopped) | {"finish_reason": finish_of(form, answer, whole=True)}
        said["message"] = fill(form.calling_message if calls and form.calling_message else form.message, values)
        [choice] = form.whole["choices"]
        choices = [fill(choice, said | {"index": index}) for index in range(completion.choices)]
        return [form.dumps(fill({**form.whole, "choices": None}, {**said, "choices": choices}))]

    def failed(self, answer: Generated) -> Sequence[bytes]:  # noqa: ARG002 - the protocol's signature
        """Return the error in the answer's place."""
        return [self._form.whole_failure or self._form.failure]


class _Roles:
    """Tells what each token of an answer is to a server: text, where it has no parser for what it is."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._in_call = False

    def of(self, token: ScriptToken) -> Role:
        """Return the role of the next token; a mark belongs to what it stands around."""
        if token.role != "mark":
            self._in_call = token.role in {"call", "arguments"}
        parser = ("call" if self._in_call else "reasoning") if token.role == "mark" else token.role
        return token.role if parser in self._form.deltas else "text"


class _Calls:
    """Numbers the tool calls of an answer, and draws their ids."""

    def __init__(self, form: Form, seed: int) -> None:
        self._form, self._seed = form, seed
        self._index = -1
        self._begins = self._goes_on = False

    def values(self, token: ScriptToken, role: Role) -> dict[str, Any]:
        """Return what a token that is no text says, by the names in a delta's template; of a mark, nothing, or what closes a call."""
        if role == "call":
            self._index += 1
            self._begins = self._goes_on = True
            return {**self._numbers(), "name": token.name, "arguments": self._form.call_opening.replace("{name}", token.name)}
        if role == "arguments":
            arguments, self._begins = self._inner(token.text) if self._begins else token.text, False
            return {**self._numbers(again=True), "arguments": arguments}
        if role == "mark":
            closes, self._goes_on = self._goes_on and bool(self._form.call_closing), False
            return {**self._numbers(again=True), "arguments": self._form.call_closing} if closes else {}
        return {"reasoning": token.text, "reasoning_content": token.text}

    def whole(self, tokens: Sequence[ScriptToken]) -> Sequence[dict[str, Any]]:
        """Return every call with all of its arguments."""
        calls: list[dict[str, Any]] = []
        for token in tokens:
            if token.role == "call":
                calls.append(self.values(token, "call") | {"arguments": ""})
            elif token.role == "arguments" and calls:
                calls[-1]["arguments"] += token.text
        return [call | {"arguments": _parse_arguments(call["arguments"])} for call in calls] if self._form.parses_arguments else calls

    def _numbers(self, *, again: bool = False) -> dict[str, Any]:
        index = max(self._index, 0)
        identity = None if again and not self._form.repeats_call_id else self._form.call_id.format(hex=draw_hex(self._seed, index + 1), index=index)
        return {"id": identity, "index": index}

    def _inner(self, text: str) -> str:
        """Return the beginning of arguments as it stands behind what opens the call."""
        if not self._form.call_opening:
            return text
        inner = text.removeprefix("{")
        return inner if self._form.call_opening == "{" or inner.startswith("}") else f", {inner}"


def _parse_arguments(text: str) -> Any:
    """Return a call's arguments; those of an answer that broke off are none."""
    try:
        return json.loads(text)
    except ValueError:
        return {}


class StopText:
    """The text of a stream that may end with a stop string, which is left out.

    A server may hold back as many characters as the longest stop string has, less one (vLLM's `BaseIncrementalDetokenizer` in
    vllm/v1/engine/detokenizer.py). One that does not has said the string's beginning when it finds the end.
    """

    def __init__(self, form: Form, stop: Sequence[str]) -> None:
        self.is_off = not (form.trims_stop and stop)
        self._holds = max(map(len, stop), default=1) - 1 if form.holds_stop else 0
        self._text = ""
        self._sent = 0

    def release(self, text: str) -> str:
        """Return the text that goes out with a token's `text`, behind which others follow."""
        if self.is_off:
            return text
        self._text += text
        return self._send(len(self._text) - self._holds)

    def end(self, text: str, stopped: str | None) -> str:
        """Return the text that goes out with the last token, where the answer ended at `stopped`, if it did."""
        if self.is_off:
            return text
        self._text = cut_stop(self._text + text, stopped)
        return self._send(len(self._text))

    def flush(self) -> str:
        """Return what is held back."""
        return self._send(len(self._text))

    def _send(self, end: int) -> str:
        start, self._sent = self._sent, max(self._sent, end)
        return self._text[start : self._sent]


def _ended(form: Form, answer: Generated, stopped: str | None) -> dict[str, Any]:
    """Return how an answer ended, by the names in the templates; `matched_stop` is SGLang's, which names the end token, too."""
    last = answer.tokens[-1]
    matched = last.id if last.special and answer.finish_reason == "eos_token" else stopped
    return {"finish_reason": finish_of(form, answer), "stop_reason": stopped, "matched_stop": matched}


def finish_of(form: Form, answer: Generated, *, whole: bool = False) -> str:
    """Return the server's word for how an answer ended."""
    words = form.whole_finish if whole and form.whole_finish else form.finish
    called = form.deltas.get("call") is not None and any(token.role == "call" for token in answer.tokens)
    return words["tool_calls" if called and answer.finish_reason in form.called else answer.finish_reason]


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


def _says_something(values: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and value for value in values.values())


def _text(form: Form, token: ScriptToken) -> str:
    return "" if token.special and not form.shows_special else token.text


def _texts(form: Form, answer: Generated, stopped: str | None) -> dict[str, str]:
    """Return the answer's text and its thoughts."""
    texts, roles = {"text": "", "reasoning": ""}, _Roles(form)
    for token in answer.tokens:
        role = roles.of(token)
        if role in texts:
            texts[role] += "" if token.special else token.text
    texts["text"] = cut_stop(texts["text"], stopped if form.trims_stop else None)
    return texts
