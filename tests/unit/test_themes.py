"""Themes as files: read, or refused with the place and what would be right."""

from pathlib import Path

import pytest

from chat_tui.tui import themes
from chat_tui.tui.themes import ThemeError


def test_a_theme_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "dusk.toml"
    path.write_text(
        'primary = "#c792ea "\ndark = false\ntext_alpha = 0.9\n\n[variables]\n'
        'footer-key-foreground = " teal 50%"\nblock-cursor-text-style = "bold  underline"\n'
        'link-style-hover = "b not underline"\n'
    )
    theme = themes.read(path)
    assert (theme.name, theme.primary, theme.dark, theme.text_alpha) == ("dusk", "#c792ea", False, 0.9)
    assert theme.variables == {
        "footer-key-foreground": "teal 50%",
        "block-cursor-text-style": "bold underline",
        "link-style-hover": "b not underline",
    }
    assert themes.look_in(tmp_path).problems == ()
    assert themes.look_in(tmp_path / "none") == themes.Found()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("primary = ", 0, "Invalid value"),
        ('accent = "red"', 0, "`primary` is missing"),
        ('primary = "#12345"', 1, "primary: is a colour such as \"#7aa2f7\".*not '#12345'"),
        ("primary = 7", 1, "is a colour such as"),
        ('primary = "red"\n\nprimry = "red"', 3, "primry: there is no such field, did you mean primary?"),
        ('primary = "red"\nthing = "red"', 2, "There are accent, ansi, background"),
        ('primary = "red"\ndark = "yes"', 2, "dark: is true or false, not 'yes'"),
        ('primary = "red"\ntext_alpha = 2', 2, "is a number from 0 to 1, not 2"),
        ('primary = "red"\nvariables = 3', 2, "a table"),
        ('primary = "red"\n[variables]\nblock-cursr-foreground = "red"', 3, "did you mean block-cursor-fore"),
        ('primary = "red"\n[variables]\nblock-cursor-text-style = "fat"', 3, "is made of .*bold.*'fat'"),
        ('primary = "red"\n[variables]\nfooter-key-foreground = "red 1000%"', 3, "is a colour such as"),
        ('primary = "red 50%"', 1, "primary: is a colour such as"),
        ('primary = "red"\n[variables]\nbackground-darken-1 = "red 50%"', 3, "can have no % behind it"),
        *(
            (f'primary = "red"\n[variables]\nblock-cursor-text-style = "{style}"', 3, "or none alone")
            for style in ("", "bold not", "none bold", "not")
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_what_is_allowed(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError, match=reason) as raised:
        themes.read(path)
    assert str(raised.value).startswith(f"{path}, line {line}: " if line else f"{path}: ")


def test_what_windows_writes_at_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "dusk.toml"
    path.write_text('primary = "red"', encoding="utf-8-sig")
    assert themes.read(path).primary == "red"


def test_a_name_that_nobody_could_type(tmp_path: Path) -> None:
    (tmp_path / "My theme.toml").write_text('primary = "red"')
    assert "small letters" in themes.look_in(tmp_path).problems[0]
