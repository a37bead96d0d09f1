from __future__ import annotations

from pathlib import Path

import pytest

from backends.endpoints import Endpoint
from backends.prompts import FAMILIES
from mock_server.catalog import PLAIN, CatalogError, load_catalog
from mock_server.script import ENDS

BAD = [
    ("not toml", "expected a TOML file with one table per endpoint: "),
    ("mine = " + "[" * 10_000, "expected a TOML file with one table per endpoint: "),
    ("", "expected one table per endpoint, found none"),
    ("mine = 3", "endpoint 'mine': expected a table, received 3"),
    ("[my_endpoint]\ncontainer = 'lmi-0.23'", "endpoint 'my_endpoint': expected a name of 1 to 63 letters, digits and hyphens between them"),
    ("[mine]", "endpoint 'mine': container: it is missing; legal: lmi-0.23, lmi-"),
    ("[mine]\ncontainer = 'lmi-9'", "endpoint 'mine': container: 'lmi-9' is not a container; legal: lmi-0.23, lmi-"),
    ("[mine]\ncontainer = 3", "endpoint 'mine': container: received 3; legal: a string"),
    ("[mine]\ncontaner = 'lmi-0.23'", "endpoint 'mine': unknown key 'contaner', expected one of recording, container, accepts, family, profile, cut, scripts"),
    ("[mine]\ncontainer = 'lmi-0.23'\nfamily = 'mistrl'", "endpoint 'mine': family: 'mistrl' is not a family of models; legal: plain, falcon, "),
    ("[mine]\ncontainer = 'lmi-0.23'\naccepts = 'chat'", "endpoint 'mine': accepts: lmi-0.23 does not take 'chat'; legal: inputs"),
    ("[mine]\ncontainer = 'lmi-0.23'\naccepts = 'messages'", "endpoint 'mine': accepts: lmi-0.23 does not take 'messages'; legal: inputs"),
    ("[mine]\ncontainer = 'lmi-0.23'\nprofile = 'slow'", "endpoint 'mine': profile: 'slow' is not a profile; legal: instant, typical"),
    ("[mine]\ncontainer = 'lmi-0.23'\ncut = 'wrote'", "endpoint 'mine': cut: 'wrote' is not a cut; legal: write, "),
    ("[mine]\ncontainer = 'plain-wav'\nupstream = 'http://127.0.0.1:9'", "endpoint 'mine': upstream: plain-wav writes no text; legal: a container that does"),
    ("[mine]\ncontainer = 'lmi-0.23'\nscripts = 'bad'", "endpoint 'mine': scripts: broken.json: expected a JSON file"),
    ("[mine]\ncontainer = 'lmi-0.23'\nscripts = 'nowhere'", "endpoint 'mine': scripts: expected a folder, received "),
]


def write(folder: Path, text: str) -> Path:
    (folder / "bad").mkdir()
    (folder / "bad" / "broken.json").write_text("{")
    file = folder / "catalog.toml"
    file.write_text(text)
    return file


def test_the_twins_own_catalog_has_the_posts_endpoints() -> None:
    entries = load_catalog()
    assert [(entry.name, entry.container.name, entry.accepts, entry.family) for entry in entries.values()] == [
        ("falcon-7b-instruct-lmi", "lmi-0.23", "inputs", "falcon"),
        ("falcon-7b-instruct-tgi", "tgi-0.9.4", "inputs", "falcon"),
        ("mistral-7b-instruct-lmi", "lmi-0.28", "inputs", "mistral"),
        ("mistral-7b-instruct-tgi", "tgi-2.4", "inputs", "mistral"),
        ("llama-3-8b-instruct-tgi-chat", "tgi-2.4", "messages", "llama3"),
        ("qwen-2-5-7b-instruct-lmi-vllm", "lmi-0.35-async-vllm", "inputs", "chatml"),
        ("llama-3-8b-instruct-lmi-sse", "lmi-0.36", "messages", "llama3"),
        ("llama-3-8b-instruct-vllm", "vllm-0.11.0", "messages", "llama3"),
        ("qwen-2-5-7b-instruct-sglang", "sglang-0.5.4", "messages", "chatml"),
        ("rinna-3-6b-instruction-ppo-tgi", "tgi-0.9.4", "inputs", "rinna"),
        ("sketch-1b-jpeg", "plain-jpeg", "inputs", "plain"),
        ("chime-1b-wav", "plain-wav", "inputs", "plain"),
    ]


def test_an_entry_tells_backends_where_its_container_is() -> None:
    endpoint = load_catalog()["falcon-7b-instruct-lmi"].as_endpoint("http://127.0.0.1:9")
    assert endpoint == Endpoint("falcon-7b-instruct-lmi", "inputs", "falcon", "http://127.0.0.1:9/containers/falcon-7b-instruct-lmi")


def test_a_catalog_of_ones_own_says_everything_or_only_the_container(tmp_path: Path) -> None:
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "mine.json").write_text('{"prompts": ["who are you"], "text": "Me."}')
    file = write(
        tmp_path,
        """
        [full]
        container = "tgi-0.9.4"
        accepts = "inputs"
        family = "chatml"
        profile = "typical"
        cut = "bytes:7+write"
        scripts = "answers"
        [short]
        container = "lmi-0.23"
        """,
    )
    full, short = load_catalog(file).values()
    assert (full.family, full.profile and full.profile.name, full.cut.text, full.scripts["mine"].text) == ("chatml", "typical", "bytes:7+write", "Me.")
    assert (short.family, short.profile, short.cut.text) == ("plain", None, "write")
    assert "mine" not in short.scripts


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_a_catalog_that_does_not_load_names_the_file_the_endpoint_and_the_key(tmp_path: Path, text: str, problem: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(CatalogError) as refusal:
        load_catalog(file)
    assert str(refusal.value).startswith(f"{file}: {problem}")


def test_a_catalog_is_read_anew_from_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> list[str]:
        return list(load_catalog(Path("catalog.toml")))

    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "catalog.toml").write_text(f"[{folder}]\ncontainer = 'lmi-0.23'")
    monkeypatch.chdir(tmp_path / "one")
    assert names() == ["one"]
    monkeypatch.chdir(tmp_path / "two")
    assert names() == ["two"]
    Path("catalog.toml").write_text("[three]\ncontainer = 'lmi-0.23'")
    assert names() == ["three"]


def test_a_script_is_read_anew_with_its_catalog(tmp_path: Path) -> None:
    script = tmp_path / "answers" / "mine.json"
    script.parent.mkdir()
    file = write(tmp_path, "[mine]\ncontainer = 'lmi-0.23'\nscripts = 'answers'")
    for text in ("Me.", "You."):
        script.write_text(f'{{"text": "{text}"}}')
        assert load_catalog(file)["mine"].scripts["mine"].text == text


def test_a_catalog_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"none\.toml: expected a TOML file"):
        load_catalog(tmp_path / "none.toml")


def test_the_families_are_those_that_a_backend_can_prompt() -> None:
    assert {PLAIN, *ENDS} == set(FAMILIES)
