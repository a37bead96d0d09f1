"""The archive that LMI serves a model from: `serving.properties`, and where wanted `model.py` and `requirements.txt`, as a tar.gz.

Source: the LMI containers' manual (serving.properties, `option.*`) and the announcement of response streaming (its Falcon example).
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from backends.errors import ConfigurationError

PROPERTIES = "serving.properties"
OPTIONAL = ("model.py", "requirements.txt")
FALCON = "tiiuae/falcon-7b-instruct"

OPTIONS: Mapping[str, Mapping[str, str]] = {
    "djl-lmi": {
        "engine": "Python",
        "option.model_id": FALCON,
        "option.tensor_parallel_degree": "max",
        "option.max_rolling_batch_size": "32",
        "option.output_formatter": "jsonlines",
    },
    "djl-deepspeed": {
        "engine": "MPI",
        "option.model_id": FALCON,
        "option.trust_remote_code": "true",
        "option.tensor_parallel_degree": "1",
        "option.max_rolling_batch_size": "32",
        "option.rolling_batch": "auto",
        "option.output_formatter": "jsonlines",
        "option.paged_attention": "false",
        "option.enable_streaming": "true",
    },
}
"""What each family of images is started with where nobody says otherwise; the second is the announcement's example."""


def read_properties(text: str) -> dict[str, str]:
    """Return the options of a properties file, in its order.

    Raises:
        ConfigurationError: A line is neither an option nor a comment.
    """
    options = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "!")):
            continue
        name, is_option, value = stripped.partition("=")
        if not is_option or not name.strip():
            raise ConfigurationError(f"{PROPERTIES}, line {number} is {stripped!r}; expected name=value, such as option.model_id={FALCON}")
        options[name.strip()] = value.strip()
    return options


def read_options(given: Iterable[str]) -> dict[str, str]:
    """Return what `--option` was given: `name=value`, where a name without a prefix is one of `option.*`.

    Raises:
        ConfigurationError: It is not of that form.
    """
    options = {}
    for text in given:
        if not (found := re.fullmatch(r"([A-Za-z][\w.]*)=([^\r\n]*)", text)):
            raise ConfigurationError(f"--option is {text!r}; expected name=value, such as max_rolling_batch_size=64")
        name, value = found.groups()
        options[name if name == "engine" or name.startswith(("option.", "job_", "load_", "wlm_")) else f"option.{name}"] = value
    return options


def as_properties(options: Mapping[str, str]) -> str:
    """Return a properties file."""
    return "".join(f"{name}={value}\n" for name, value in options.items())


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a tar.gz of files by name; the same files are always the same bytes."""
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, 0
            archive.addfile(entry, io.BytesIO(data))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped:  # gzip.compress leaves the system's number in the header
        zipped.write(tarred.getvalue())
    return packed.getvalue()


def read_file(flag: str, file: Path) -> bytes:
    """Return the bytes of a file that a flag names.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{flag} names {file}, which cannot be read: {error.strerror}") from error
