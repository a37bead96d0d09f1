"""What a model's artifacts tell of its container: `serving.properties`, in an archive or under a prefix of S3's, as moto holds them in this process.

It is searched no further than a real archive has it: by its name alone or in a folder, among the first members. Source: Java's `Properties.load`, for the form.
"""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from mock_server.control.neighbours import loaded_moto

NAME = "serving.properties"
MAX_MEMBERS = 1000
MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
"""How far an archive is unpacked to find it."""
MAX_FILE_BYTES = 64 * 1024
LINE = re.compile(r"\s*(?P<key>[^#!=:\s][^=:\s]*)\s*[=:\s]\s*(?P<value>.*?)\s*")


def read_properties(url: str) -> Mapping[str, str]:
    """Return what `serving.properties` says; nothing where there is none, or nothing at the URL."""
    place, moto = urlsplit(url), loaded_moto()
    if moto is None or place.scheme != "s3":
        return {}
    key = place.path.removeprefix("/")
    if url.endswith("/"):
        return parse_properties(moto.read_object(place.netloc, key + NAME) or b"")
    return parse_properties(find_file(moto.read_object(place.netloc, key) or b""))


def find_file(archive: bytes) -> bytes:
    """Return the file of an archive; nothing where it is not there, or where this is no archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as members:
            for number, member in enumerate(members):
                if number >= MAX_MEMBERS or member.offset_data > MAX_ARCHIVE_BYTES:
                    break
                if member.isfile() and member.name.rpartition("/")[2] == NAME:
                    file = members.extractfile(member)
                    return file.read(MAX_FILE_BYTES) if file else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return b""
    return b""


def parse_properties(data: bytes) -> dict[str, str]:
    """Return the keys of a file of properties with their values; a line that is none is left out."""
    lines = map(LINE.fullmatch, data.decode("utf-8", "replace").splitlines())
    return {found["key"]: found["value"] for found in lines if found}
