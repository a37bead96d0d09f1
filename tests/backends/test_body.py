from __future__ import annotations

import json
import re
from typing import Any

import pytest

from backends.body import check_custom_attributes, encode_body, prompt_of
from backends.chat import ChatMessage, ChatRequest, Parameters
from backends.endpoints import Accepts, Endpoint
from backends.errors import ConfigurationError

QUESTION = (ChatMessage("user", "What is life?"),)
CHAT = (ChatMessage("system", "Be brief."), ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"), ChatMessage("user", "Bye"))


def body(accepts: Accepts = "inputs", *, messages: tuple[ChatMessage, ...] = QUESTION, family: str = "plain", stream: bool = True, **parameters: Any) -> Any:
    request = ChatRequest(messages=messages, endpoint=Endpoint("e", accepts, family), parameters=Parameters(**parameters))
    return json.loads(encode_body(request, stream=stream))


EVERYTHING: dict[str, Any] = {
    "max_new_tokens": 256,
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 50,
    "repetition_penalty": 1.1,
    "stop": ("END",),
    "seed": 7,
    "details": True,
    "return_full_text": False,
}


def test_a_lone_question_goes_out_as_the_sagemaker_examples_send_it() -> None:
    assert body(max_new_tokens=256) == {"inputs": "What is life?", "parameters": {"max_new_tokens": 256}, "stream": True}
    assert body(stream=False) == {"inputs": "What is life?", "parameters": {}}


def test_an_inputs_endpoint_gets_every_parameter_by_its_own_name() -> None:
    assert body(**EVERYTHING)["parameters"] == {**EVERYTHING, "stop": ["END"], "stop_sequences": ["END"]}


def test_a_messages_endpoint_gets_the_parameters_by_openais_names() -> None:
    assert body("messages", messages=CHAT, **EVERYTHING) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Bye"},
        ],
        "max_tokens": 256,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 50,
        "repetition_penalty": 1.1,
        "stop": ["END"],
        "seed": 7,
        "logprobs": True,
        "stream": True,
    }


def test_the_familys_stop_strings_go_first_and_none_goes_twice() -> None:
    stop = ["\nUser:", "END"]
    assert body(messages=CHAT, stop=("END", "\nUser:"))["parameters"] == {"stop": stop, "stop_sequences": stop}
    assert "stop" not in body("messages", messages=CHAT, family="falcon")
    assert body(family="falcon", messages=QUESTION)["parameters"].keys() == {"stop", "stop_sequences"}
    assert body()["parameters"] == {}
    assert prompt_of(ChatRequest(messages=CHAT, endpoint=Endpoint("e", "messages", "falcon"))).stop == ()


def test_greedy_and_unlimited_sampling_are_said_as_tgi_takes_them() -> None:
    assert body(temperature=0, top_p=1)["parameters"] == {"do_sample": False}
    assert body("messages", temperature=0, top_p=1.0) == {
        "messages": [{"role": "user", "content": "What is life?"}],
        "temperature": 0,
        "top_p": 1.0,
        "stream": True,
    }


def test_text_goes_out_as_it_is() -> None:
    text = 'Qué\u2028 "日本" 😀 \\ \n\t\x7f'
    assert body(messages=(ChatMessage("user", text),))["inputs"] == text
    assert body(messages=(ChatMessage("user", "\ud83d!"),))["inputs"] == "?!"


def test_tools_go_out_as_they_were_written_where_messages_are_taken() -> None:
    tools = '[{"type": "function", "function": {"name": "clock"}}]'
    assert body("messages", tools=tools)["tools"] == json.loads(tools)
    assert "tools" not in body("messages", tools="")
    assert body(tools=tools) == body()


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ("clock", "tools is no JSON (Expecting value"),
        ("[" * 100_000, "tools is no JSON ("),
        ("{}", "tools is {}, expected a list of one object or more"),
        ("[]", "tools is [], expected a list of one object or more"),
        ('["clock"]', "tools is ["),
    ],
    ids=["no JSON", "too deep", "no list", "none", "no object"],
)
@pytest.mark.parametrize("accepts", ["inputs", "messages"])
def test_tools_that_are_none_are_named(accepts: Accepts, tools: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        body(accepts, tools=tools)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_new_tokens", 0, "at least 1"),
        ("max_new_tokens", 1.5, "a whole number"),
        ("max_new_tokens", True, "a whole number"),
        ("max_new_tokens", "9", "a whole number"),
        ("temperature", -0.1, "0 or more"),
        ("temperature", float("nan"), "0 or more"),
        ("temperature", float("inf"), "0 or more"),
        ("top_p", 0, "over 0 and up to 1"),
        ("top_p", 1.01, "over 0 and up to 1"),
        ("top_k", 0, "at least 1"),
        ("repetition_penalty", 0.0, "over 0"),
        ("seed", -1, "0 or more"),
        ("max_new_tokens", 2**32, "below 2^32"),
        ("top_k", 2**31, "below 2^31"),
        ("temperature", "hot", "a finite number"),
        ("repetition_penalty", float("inf"), "a finite number over 0"),
    ],
)
def test_a_parameter_out_of_bounds_is_named_with_its_value_and_the_bounds(name: str, value: Any, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        body(**{name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}, expected ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_new_tokens": 1, "temperature": 0, "top_p": 1, "top_k": 1, "repetition_penalty": 0.01, "seed": 0, "stop": ("x",)},
        {"max_new_tokens": 2**32 - 1, "top_k": 2**31 - 1, "seed": 2**64 - 1, "stop": ("x" * 200,)},
    ],
)
def test_the_bounds_themselves_are_taken(parameters: dict[str, Any]) -> None:
    assert body(**parameters)


@pytest.mark.parametrize("name", ["max_new_tokens", "temperature", "top_p", "top_k", "repetition_penalty", "seed"])
@pytest.mark.parametrize("digits", [400, 9000])
def test_a_number_that_no_machine_holds_is_refused_and_not_written_out(name: str, digits: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is a number of [0-9]+ bits, expected a "):
        body(**{name: 10**digits})


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (("a", ""), "stop holds an empty string, expected strings of 1 to 200 characters"),
        (("a", "x" * 201), "stop holds a string of 201 characters"),
        ("glad", "stop is 'glad', expected a tuple"),
        ((b"x",), "stop is (b'x',), expected a tuple"),
    ],
)
def test_a_stop_string_is_one_of_1_to_200_characters(stop: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        body(stop=stop)


def test_an_empty_chat_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one message"):
        body(messages=())


def test_an_unknown_family_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="unknown model family 'gpt', expected one of: chatml, falcon, llama2, llama3, mistral, plain, rinna"):
        body(family="gpt")


@pytest.mark.parametrize(
    ("family", "messages", "text", "stop"),
    [
        ("plain", QUESTION, "What is life?", ()),
        ("plain", CHAT, "Be brief.\nUser: Hi\nAssistant: Hello\nUser: Bye\nAssistant:", ("\nUser:",)),
        ("falcon", QUESTION, "\n\nUser: What is life?\n\nAssistant:", ("\nUser:",)),
        ("falcon", CHAT, "Be brief.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant:", ("\nUser:",)),
        ("falcon", (ChatMessage("user", " a\r\nb\n\nc\n"),), "\n\nUser: a\nb\nc\n\nAssistant:", ("\nUser:",)),
        ("falcon", (ChatMessage("user", "a\n\n\nb"),), "\n\nUser: a\n\nb\n\nAssistant:", ("\nUser:",)),
        ("falcon", (ChatMessage("system", " a\n\nb\n"), *QUESTION), "a\n\nb\n\nUser: What is life?\n\nAssistant:", ("\nUser:",)),
        ("llama2", QUESTION, "[INST] What is life? [/INST]", ()),
        ("llama2", CHAT, "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]", ()),
        ("mistral", QUESTION, "[INST] What is life? [/INST]", ()),
        ("mistral", CHAT, "[INST] Be brief.\n\nHi [/INST] Hello</s>[INST] Bye [/INST]", ()),
        (
            "llama3",
            CHAT,
            (
                "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\n"
            ),
            ("<|eot_id|>",),
        ),
        (
            "chatml",
            CHAT,
            (
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
                "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
            ),
            ("<|im_end|>",),
        ),
        ("rinna", QUESTION, "ユーザー: What is life?<NL>システム: ", ("ユーザー:",)),
        ("rinna", CHAT, "ユーザー: Be brief.<NL>Hi<NL>システム: Hello<NL>ユーザー: Bye<NL>システム: ", ("ユーザー:",)),
    ],
)
def test_a_chat_becomes_the_prompt_of_its_family(family: str, messages: tuple[ChatMessage, ...], text: str, stop: tuple[str, ...]) -> None:
    prompt = prompt_of(ChatRequest(messages=messages, endpoint=Endpoint("e", "inputs", family)))
    assert (prompt.text, prompt.stop) == (text, stop)


def test_custom_attributes_are_what_a_header_can_carry() -> None:
    check_custom_attributes(None)
    check_custom_attributes("mock.cut=every-byte;a b~" + "x" * 1000)
    with pytest.raises(ConfigurationError, match="has 1025 characters, expected at most 1024"):
        check_custom_attributes("x" * 1025)
    for bad in ("é", "a\nb", "a\x00", "\t"):
        with pytest.raises(ConfigurationError, match="visible ASCII"):
            check_custom_attributes(bad)
