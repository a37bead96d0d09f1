"""The archive of LMI: its options, and that the same files are the same bytes."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256

import pytest

from backends.deploy.archive import OPTIONS, as_properties, pack, read_options, read_properties
from backends.errors import ConfigurationError

ANNOUNCED = """\
engine=MPI
option.model_id=tiiuae/falcon-7b-instruct
option.trust_remote_code=true
option.tensor_parallel_degree=1
option.max_rolling_batch_size=32
option.rolling_batch=auto
option.output_formatter=jsonlines
option.paged_attention=false
option.enable_streaming=true
"""


def test_the_options_of_deepspeed_are_the_announcement_s() -> None:
    assert as_properties(OPTIONS["djl-deepspeed"]) == ANNOUNCED


def test_a_properties_file_comes_back_as_it_was_written() -> None:
    assert as_properties(read_properties("# mine\n\n! too\nengine = MPI\n option.a=b=c\n")) == "engine=MPI\noption.a=b=c\n"


@pytest.mark.parametrize("text", ["engine", "=MPI", "a=b\nwhat is this"])
def test_a_line_that_is_no_option_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"line \d is"):
        read_properties(text)


def test_an_option_is_given_with_its_prefix_or_without() -> None:
    assert read_options(["a=1", "option.b=2", "engine=Python", "job_queue_size=5", "c="]) == {
        "option.a": "1",
        "option.b": "2",
        "engine": "Python",
        "job_queue_size": "5",
        "option.c": "",
    }


@pytest.mark.parametrize("text", ["a", "=1", "a=1\nengine=Python", "a b=1"])
def test_an_option_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--option is"):
        read_options([text])


def test_an_archive_holds_its_files_and_is_the_same_bytes_each_time() -> None:
    files = {"serving.properties": b"engine=MPI\n", "model.py": b"pass\n"}
    packed = pack(files)
    assert packed == pack(dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        assert {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive} == files
        assert {(entry.mtime, entry.uid, entry.mode) for entry in archive.getmembers()} == {(0, 0, 0o644)}
    assert packed[:10] == bytes.fromhex("1f8b08000000000002ff"), "no time, no name, no system"
    assert sha256(packed).digest() != sha256(pack({**files, "model.py": b""})).digest()
