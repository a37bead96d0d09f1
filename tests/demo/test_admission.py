from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from demo.admission import Admission, Refused, address_of, visitor_of
from demo.language import Words
from demo.limits import PUBLIC

LIMITS = replace(PUBLIC, question_characters=10, turns=3, answers=4, answers_each=2, questions_a_minute=3)


class Clock:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def doors() -> tuple[Admission, Clock]:
    clock = Clock()
    return Admission(LIMITS, clock), clock


def ask(admission: Admission, address: str = "192.0.2.1", *texts: str | None, turns: int = 0) -> None:
    with admission.answering(address, *(texts or ("why?",)), turns=turns):
        pass


def refusal(work: Callable[[], None]) -> str:
    with pytest.raises(Refused) as caught:
        work()
    return str(caught.value)


def test_a_text_may_be_as_long_as_the_limit_and_no_longer() -> None:
    admission, _ = doors()
    ask(admission, "192.0.2.1", "x" * 10, None)
    assert refusal(lambda: ask(admission, "192.0.2.1", "why?", "x" * 11)) == "This text has 11 characters, and the page takes 10: shorten it."


def test_a_conversation_may_have_as_many_questions_as_the_limit_and_no_more() -> None:
    admission, _ = doors()
    ask(admission, turns=2)
    assert refusal(lambda: ask(admission, turns=3)) == "This conversation has 3 questions, as many as the page keeps in one: begin another."


def test_a_visitor_gets_so_many_answers_at_once_and_others_get_theirs() -> None:
    admission, _ = doors()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(admission.answering("192.0.2.1"))
        assert refusal(lambda: ask(admission)) == "The page sends a visitor 2 answers at once: wait until one of yours ends."
        ask(admission, "192.0.2.2")
        assert admission.answers == 2
    ask(admission)
    assert admission.answers == 0


def test_two_answers_that_are_asked_together_need_two_places() -> None:
    admission, _ = doors()
    with admission.answering("192.0.2.1", answers=2):
        assert admission.answers == 2
        with pytest.raises(Refused), admission.answering("192.0.2.1"):
            raise AssertionError("there was a third place")


def test_the_page_sends_so_many_answers_at_once_to_everybody() -> None:
    admission, _ = doors()
    with ExitStack() as stack:
        for number in range(4):
            stack.enter_context(admission.answering(f"192.0.2.{number}"))
        assert refusal(lambda: ask(admission, "192.0.2.9")) == "The page sends 4 answers at once, and that many are on their way: try again in a moment."


def test_a_place_is_given_back_however_an_answer_ends() -> None:
    admission, _ = doors()
    with pytest.raises(ZeroDivisionError), admission.answering("192.0.2.1"):
        raise ZeroDivisionError
    assert admission.answers == 0


def test_whoever_asks_too_often_waits_until_the_minute_is_over() -> None:
    admission, clock = doors()
    for _ in range(3):
        ask(admission)
        clock.now_s += 10
    assert refusal(lambda: ask(admission)) == "The page takes 3 questions a minute: try again in 30 s."
    ask(admission, "192.0.2.2")
    clock.now_s += 30
    ask(admission)
    with pytest.raises(Refused):
        ask(admission)


def test_a_refusal_is_told_in_the_reader_s_language() -> None:
    admission, _ = doors()
    with pytest.raises(Refused, match=r"Este texto tiene 11 caracteres"), admission.answering("", "x" * 11, words=Words("es")):
        raise AssertionError("it was let in")


def test_what_was_refused_does_not_count() -> None:
    admission, _ = doors()
    for _ in range(10):
        with pytest.raises(Refused):
            ask(admission, "192.0.2.1", "x" * 11)
    ask(admission)


def test_of_visitors_who_are_gone_nothing_is_kept() -> None:
    admission, clock = doors()
    for number in range(100):
        ask(admission, f"192.0.2.{number}")
    clock.now_s += 60
    ask(admission, "198.51.100.1")
    assert list(admission._visitors) == ["198.51.100.1"]


VISITORS = {
    "192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::ffff": "2001:db8:1:2::/64",
    "::ffff:192.0.2.1": "192.0.2.1",
    "fe80::1%eth0": "fe80::/64",
    "testclient": "testclient",
    "": "",
}


@pytest.mark.parametrize(("address", "visitor"), VISITORS.items(), ids=VISITORS)
def test_a_visitor_is_an_address_and_of_ipv6_a_network(address: str, visitor: str) -> None:
    assert visitor_of(address) == visitor


def test_where_a_request_comes_from_is_known_where_a_server_took_it() -> None:
    assert address_of(gr.Request(session_hash="one")) == ""
    assert address_of(SimpleNamespace(client=SimpleNamespace(host="192.0.2.1"))) == "192.0.2.1"
