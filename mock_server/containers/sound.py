"""A tune of our own, out of numbers alone, as a WAV file: what the twin's sound model plays.

The file is RIFF with 16-bit PCM (Microsoft's "Multimedia Programming Interface and Data Specifications 1.0", 1991), as the standard library writes it. A note
is a resonator that is struck once and fades: each sample follows from the two before it.
"""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Sequence
from functools import cache

SAMPLES_PER_S = 22050
SAMPLE_BYTES = 2
BEAT_S = 0.25
LOUDNESS = 9000
"""Of a note as it is struck; full scale is 32,767, and three may sound at once."""
ROOT_HZ = 261.63
TUNE = (0, 4, 7, 12, 9, 7, 4, 7, 2, 5, 9, 14, 12, 9, 7, 5, 4, 7, 11, 16, 14, 11, 7, 4, 0, 4, 7, 12, 16, 12, 7, 12)
"""A note each beat, in semitones above `ROOT_HZ`; it sounds for two."""
BASS = (-12, -10, -8, -12)
"""A note each eight beats."""


@cache
def sound() -> bytes:
    """Return the WAV file: one channel, eight seconds and a beat."""
    beat = [0] * round(BEAT_S * SAMPLES_PER_S)
    voices = (_notes(TUNE[::2], 2) + beat, beat + _notes(TUNE[1::2], 2), _notes(BASS, 8) + beat)
    samples = array("h", map(sum, zip(*voices, strict=True)))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(SAMPLES_PER_S)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def _notes(notes: Sequence[int], beats: int) -> list[int]:
    """Return the samples of notes that follow one another, each as long as so many beats, at whose end it is all but gone."""
    samples = beats * round(BEAT_S * SAMPLES_PER_S)
    struck = {note: _strike(note, samples) for note in set(notes)}
    return [sample for note in notes for sample in struck[note]]


def _strike(note: int, samples: int) -> list[int]:
    """Return a note: `loudness * fade**n * sin(turn * n)`, each sample out of the two before it."""
    fade, turn = math.exp(-4 / samples), math.tau * ROOT_HZ * 2 ** (note / 12) / SAMPLES_PER_S
    near, far = 2 * fade * math.cos(turn), fade * fade
    before, now, struck = 0.0, LOUDNESS * fade * math.sin(turn), [0]
    for _ in range(samples - 1):
        struck.append(round(now))
        before, now = now, near * now - far * before
    return struck
