"""Colours of names: the same name has the same colour everywhere, and it can be read.

Knows colours only. The hue follows XEP-0392 (from a hash of the name), the lightness the background.
Colours are made in OKLCH, where hues of the same lightness look equally light.
"""

import hashlib
import math
from functools import lru_cache

from textual.color import Color

CONTRAST = 4.5
"""The least contrast of a name with its background (WCAG 2 AA)."""

_OF_TERMINALS = range(1, 7)
"""Red to cyan: all but black and white, of which one can't be seen."""

_CHROMA = 0.13
_STEP = 0.02
_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)


def name_colour(name: str, background: Color) -> Color:
    """The colour of `name` on `background`, the same for every spelling of upper and lower case.

    On the terminal's own background it is one of the terminal's own colours: nobody knows what they are.
    """
    if background.ansi is not None:
        return Color(0, 0, 0, ansi=_hue(name) * len(_OF_TERMINALS) // 360 + _OF_TERMINALS.start)
    return _colour(_hue(name), background.rgb)


@lru_cache(maxsize=4096)
def _hue(name: str) -> int:
    digest = hashlib.sha1(name.casefold().encode(errors="replace"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:2], "little") * 360 // 65536


@lru_cache(maxsize=4096)
def _colour(hue: int, behind: tuple[int, int, int]) -> Color:
    background = Color(*behind)
    lighter = contrast(_WHITE, background) >= contrast(_BLACK, background)
    lightness = 0.76 if lighter else 0.52
    while True:
        colour = _in_gamut(lightness, hue)
        if contrast(colour, background) >= CONTRAST or not 0 < lightness < 1:
            return colour
        lightness = min(1.0, lightness + _STEP) if lighter else max(0.0, lightness - _STEP)


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two opaque colours by WCAG 2, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (_linear(value / 255) for value in colour.rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def _in_gamut(lightness: float, hue: int) -> Color:
    """The most colourful colour of this lightness and hue that a screen can show."""
    chroma = _CHROMA
    while chroma > 0:
        channels = _from_oklch(lightness, chroma, hue)
        if all(0 <= value <= 1 for value in channels):
            return _to_colour(channels)
        chroma -= 0.01
    return _to_colour(_from_oklch(lightness, 0, hue))


def _from_oklch(lightness: float, chroma: float, hue: int) -> tuple[float, float, float]:
    """Linear red, green and blue (Björn Ottosson's OKLab)."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _to_colour(channels: tuple[float, float, float]) -> Color:
    red, green, blue = (round(255 * _gamma(min(1.0, max(0.0, value)))) for value in channels)
    return Color(red, green, blue)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055
