"""Names of emoji."""

import re
import subprocess
import sys

from chat_tui.markup import shortcodes
from chat_tui.markup.shortcodes import complete_emoji, emoji_of


def test_emoji_have_the_names_that_people_know_from_elsewhere() -> None:
    names = {
        "tada": "🎉",
        "+1": "👍",
        "thumbsup": "👍",
        "thumbs_up": "👍",
        "heart": "❤️",
        "rocket": "🚀",
        "de": "🇩🇪",
    }
    assert {name: emoji_of(name) for name in names} == names
    assert emoji_of("nope") is None


def test_names_are_completed_shortest_first() -> None:
    found = complete_emoji("thumbs")
    assert found[:4] == [("thumbsup", "👍"), ("thumbs_up", "👍"), ("thumbsdown", "👎"), ("thumbs_down", "👎")]
    assert all(name.startswith("thumbs") for name, _ in found)
    assert complete_emoji("no such emoji") == []
    assert all(re.fullmatch(shortcodes.NAME, name) for name, _ in complete_emoji(""))


def test_the_tables_are_loaded_only_when_they_are_needed() -> None:
    code = (
        "import sys; import chat_tui.tui.app; from chat_tui.markup.formatting import parse;"
        "parse('**x** `y` http://z 1:2');"
        "assert not {'emoji', 'pygments'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
