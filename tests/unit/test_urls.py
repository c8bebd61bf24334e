"""Links lead where they say, and can be written into a terminal's sequences."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.markup import urls
from chat_tui.markup.urls import LONGEST, Link, link_to, says_where


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("https://example.org/a_b?c=d#e", "https://example.org/a_b?c=d#e", "example.org"),
        ("HTTPS://Example.ORG", "https://example.org", "example.org"),
        ("http://x.org:8080//a//b", "http://x.org:8080//a//b", "x.org"),
        ("https://u:p@x.org/", "https://u:p@x.org/", "x.org"),
        # Browsers take a backslash for a slash, and would stop at good.com.
        ("https://good.com\\@evil.com/", "https://good.com%5C@evil.com/", "evil.com"),
        ("https://münchen.de/straße", "https://xn--mnchen-3ya.de/stra%C3%9Fe", "xn--mnchen-3ya.de"),
        ("https://[::1]:80/x", "https://[::1]:80/x", "::1"),
        ("https://x.org/%41 %zz".replace(" ", ""), "https://x.org/%41%zz", "x.org"),
        ("https://x.org/a\u200db", "https://x.org/a%E2%80%8Db", "x.org"),
        ("mailto:a@b.org?subject=x", "mailto:a@b.org?subject=x", "a@b.org"),
    ],
)
def test_what_can_be_opened(url: str, target: str, host: str) -> None:
    link = link_to(url)
    if "\u200d" in url:
        assert link is None  # nobody can see that it is there
    else:
        assert link == Link(target, host)


@pytest.mark.parametrize(
    "url",
    [
        *[
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://x.org",
            "https:x.org",
            "https://",
            "https:///x",
        ],
        *[
            "https://x:99999/",
            "https://[::1",
            "https://x y.org",
            "https://x.org/\x1b]8;;",
            "https://x.org/\x07",
        ],
        *["https://x.org/a\nb", "https://℀.com", "https://" + "ü" * 70, "mailto:nobody", "mailto:", "x", ""],
        "https://x.org/" + "a" * LONGEST,
    ],
)
def test_what_can_not(url: str) -> None:
    assert link_to(url) is None


@given(
    st.text(max_size=60), st.sampled_from(["https://", "http://", "mailto:", "https://x.org/", "mailto:a@"])
)
def test_a_target_is_plain_ascii_whatever_was_written(text: str, scheme: str) -> None:
    link = link_to(scheme + text)
    if link is not None:
        assert re.fullmatch("(?:https?://|mailto:)[!-~]*", link.target)
        assert re.fullmatch("[!-~]+", link.host)
        assert link_to(link.target) == link


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *[
            ("example.org", True),
            ("Example.org", True),
            ("https://example.org/x/", True),
            ("example.org/x", True),
        ],
        *[
            ("HTTPS://EXAMPLE.ORG/x/", True),
            ("here", False),
            ("https://example.org", False),
            ("evil.org", False),
        ],
        *[("https://example.org.evil.org/x/", False), ("", False)],
    ],
)
def test_who_says_where_it_leads(text: str, says: bool) -> None:  # noqa: FBT001
    link = link_to("https://example.org/x/")
    assert link is not None
    assert says_where(text, link) is says


@pytest.mark.parametrize("url", ["https://good.com@evil.com/", "https://аpple.com/", "https://x.org./"])
def test_an_address_may_not_say_it_itself(url: str) -> None:
    link = link_to(url)
    assert link is not None
    assert not says_where(url, link)


def test_so_far_back_a_bracket_is_looked_for() -> None:
    far = urls._LOOK_BACK
    assert urls._is_open("(" + "x" * (far - 1), far, "(", ")")
    assert not urls._is_open("(" + "x" * far, far + 1, "(", ")")
