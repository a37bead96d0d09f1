"""Draw the picture that the twin's `plain-jpeg` streams: `python tests/mock_server/draw_picture.py` writes it anew.

An evening over hills and water, out of numbers alone, with enough small things in it that one sees each scan of the progressive JPEG (ITU-T T.81, G) add some.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw

FILE = Path(__file__).resolve().parents[2] / "mock_server" / "media" / "picture.jpg"
WIDTH, HEIGHT = 640, 400
SHORE = 290
SUN = (430, 205)
SKY = ((22, 28, 66), (96, 62, 116), (232, 128, 92), (255, 206, 128))
"""From the top of the picture down to the shore."""
HILLS = ((150, 62, (112, 74, 110)), (205, 44, (74, 52, 92)), (248, 26, (40, 32, 64)))
"""Of each range: how far down it lies, how high it rises, its colour; the farthest first."""


def draw() -> Image.Image:
    """Return the picture."""
    dice = random.Random(7)
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(picture)
    for y in range(SHORE):
        pen.line((0, y, WIDTH, y), _sky(y))
    for _ in range(90):
        pen.point((dice.randrange(WIDTH), dice.randrange(110)), (236, 230, 250))
    for radius in range(96, 30, -1):
        pen.ellipse(_around(SUN, radius), _mix(_sky(SUN[1]), (255, 226, 160), (96 - radius) / 90))
    pen.ellipse(_around(SUN, 30), (255, 244, 208))
    for range_number, (base, rise, colour) in enumerate(HILLS):
        _hills(pen, dice, range_number, base, rise, colour)
    _water(picture, dice)
    return picture


def _hills(pen: ImageDraw.ImageDraw, dice: random.Random, number: int, base: int, rise: int, colour: tuple[int, int, int]) -> None:
    waves = [(dice.uniform(0.006, 0.03) * (number + 1), dice.uniform(0, 6.3), dice.uniform(0.2, 1.0)) for _ in range(5)]
    tops = [base - rise * sum(share * math.sin(x * pace + phase) for pace, phase, share in waves) / 3 for x in range(WIDTH)]
    for x, top in enumerate(tops):
        pen.line((x, top, x, SHORE), colour)
    for x in range(0, WIDTH, 7 - 2 * number):
        height = dice.uniform(3, 5 + 6 * number)
        pen.polygon(((x - 2 - number, tops[x] + 3), (x, tops[x] - height), (x + 2 + number, tops[x] + 3)), _mix(colour, (12, 16, 30), dice.random() / 2))


def _water(picture: Image.Image, dice: random.Random) -> None:
    """Let the water show what stands over it, in ripples that widen towards the eye."""
    pen = ImageDraw.Draw(picture)
    for y in range(SHORE, HEIGHT):
        depth = (y - SHORE) / (HEIGHT - SHORE)
        row = picture.crop((0, 2 * SHORE - y - 1, WIDTH, 2 * SHORE - y))
        picture.paste(row, (0, y))
        picture.paste(row, (round((2 + 5 * depth) * math.sin(y * 0.9 / (0.4 + depth))), y))
        for _ in range(6):
            x, length = dice.randrange(WIDTH), dice.uniform(4, 10 + 40 * depth)
            near = max(0.0, 1 - abs(x - SUN[0]) / 120)
            pen.line((x, y, x + length, y), _mix((46, 40, 84), (255, 214, 150), near * dice.random()))


def _around(centre: tuple[int, int], radius: int) -> tuple[int, int, int, int]:
    return centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius


def _sky(y: int) -> tuple[int, int, int]:
    place = y / SHORE * (len(SKY) - 1)
    return _mix(SKY[int(place)], SKY[min(int(place) + 1, len(SKY) - 1)], place % 1)


def _mix(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(first + (second - first) * share) for first, second in zip(one, other, strict=True))
    return red, green, blue


if __name__ == "__main__":
    draw().save(FILE, "JPEG", quality=90, progressive=True, optimize=True)
