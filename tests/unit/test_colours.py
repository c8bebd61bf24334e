"""Colours of names are stable, readable and different."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color

from chat_tui.tui.colours import CONTRAST, contrast, name_colour

channel = st.integers(0, 255)
colours = st.builds(Color, channel, channel, channel, ansi=st.none())
DARK, LIGHT = Color(18, 18, 18), Color(250, 250, 250)


@given(st.text(max_size=12), colours)
def test_a_name_can_be_read_on_any_background(name: str, background: Color) -> None:
    assert contrast(name_colour(name, background), background) >= CONTRAST


@pytest.mark.parametrize("name", ["alice", "Bob", "", "Zoë"])
def test_on_the_terminals_own_background_a_name_has_a_colour_of_the_terminals(name: str) -> None:
    colour = name_colour(name, Color(0, 0, 0, ansi=-1))
    assert colour.ansi in range(1, 7)
    assert colour == name_colour(name.upper(), Color(0, 0, 0, ansi=-1))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(119, 119, 119), Color(255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_a_name_keeps_its_colour_whatever_its_case() -> None:
    assert name_colour("Alice", DARK) == name_colour("aLICE", DARK)
    assert name_colour("alice", DARK).hex == "#ED9C55"


@pytest.mark.parametrize("background", [DARK, LIGHT])
def test_names_differ_in_hue_and_are_colourful(background: Color) -> None:
    names = [f"user{number}" for number in range(200)]
    hues = [name_colour(name, background).hsl for name in names]
    assert len({math.floor(hue.h * 12) for hue in hues}) == 12
    assert all(hue.s > 0.2 for hue in hues)
