"""Recordings in files: read whole, written line by line."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from backends.recording import Front, RecordedEnd, RecordedHead, RecordedPart, RecordedRequest, Recording, RecordingError
from backends.recording.lines import encode_end, encode_head, encode_part, encode_recording, encode_start, parse_recording


def load_recording(file: Path) -> Recording:
    """Read a recording.

    Raises:
        RecordingError: It cannot be read, or is none.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RecordingError(f"{file}: expected a recording: {error.strerror}") from error
    return parse_recording(data, str(file))


def save_recording(file: Path, recording: Recording, *, overwrite: bool = False) -> None:
    """Write a whole recording.

    Raises:
        RecordingError: The file cannot be written, or is there already and not to be overwritten.
    """
    with _Lines(file, overwrite=overwrite) as lines:
        lines.write(b"".join(encode_recording(recording)))


class _Lines:
    """A file that each write has reached, if not the disk, when it returns."""

    def __init__(self, file: Path, *, overwrite: bool) -> None:
        self._file = file
        try:
            self._stream = file.open("wb" if overwrite else "xb", buffering=0)
        except FileExistsError as error:
            raise RecordingError(f"{file}: there is such a file already, expected a new one; choose another, or overwrite it") from error
        except OSError as error:
            raise RecordingError(f"{file}: expected a file that can be written: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise RecordingError(f"{self._file}: the recording cannot go on: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


class RecordingWriter(_Lines):
    """A recording that is being taken: whoever is killed has left every line so far in the file.

    Call `start`, `head`, `part` for each part, and `end`. A context manager that closes the file.

    Args:
        file: Where it goes.
        overwrite: Whether it may replace a file.

    Raises:
        RecordingError: The file cannot be written, or is there already and not to be overwritten.
    """

    def __init__(self, file: Path, *, overwrite: bool = False) -> None:
        super().__init__(file, overwrite=overwrite)

    def start(self, front: Front, request: RecordedRequest) -> None:
        """Note what is asked."""
        self.write(encode_start(front, request))

    def head(self, head: RecordedHead) -> None:
        """Note that the answer begins."""
        self.write(encode_head(head))

    def part(self, part: RecordedPart) -> None:
        """Note a part."""
        self.write(encode_part(part))

    def end(self, end: RecordedEnd) -> None:
        """Note how the answer ended."""
        self.write(encode_end(end))
