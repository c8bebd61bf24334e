"""Colours of code: which words of it are what.

Knows Pygments, which Textual brings; it is loaded for the first block of code that is drawn. Code comes from
anybody, and a lexer is a pile of regular expressions: so only lexers that many use are let at it, at not too
much of it, and not for long.
"""

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from pygments.lexer import RegexLexer

Kind = Literal["keyword", "string", "number", "function", "comment", "removed"]

LONGEST = 4_096
LONGEST_LINE = 400
SECONDS = 0.1
"""What is not coloured by then stays as it is."""

_LANGUAGES = (
    " bash c c++ cfg clojure cpp c# cs csharp css dart diff docker dockerfile elixir erlang ex exs go golang "
    "haskell hs html http ini java javascript js json jsx julia kotlin lua make makefile nginx nix objc perl "
    "php pl powershell ps1 pwsh py py3 python python3 r rb ruby rust rs scala scss sh shell sql swift tcl "
    "terraform tf toml ts tsx typescript udiff vim xml xslt yaml yml zig zsh "
)

_KINDS: dict[str, Kind] = {
    "Token.Comment": "comment",
    "Token.Generic.Deleted": "removed",
    "Token.Generic.Heading": "function",
    "Token.Generic.Inserted": "string",
    "Token.Generic.Prompt": "comment",
    "Token.Generic.Subheading": "function",
    "Token.Keyword": "keyword",
    "Token.Literal.Number": "number",
    "Token.Literal.String": "string",
    "Token.Name.Attribute": "function",
    "Token.Name.Class": "function",
    "Token.Name.Decorator": "function",
    "Token.Name.Function": "function",
    "Token.Name.Tag": "keyword",
    "Token.Operator.Word": "keyword",
}


def highlight(code: str, language: str) -> list[tuple[int, int, Kind]]:
    """The words of `code` that have a colour, in order; none if nobody knows the language."""
    if f" {language.lower()} " not in _LANGUAGES or max(map(len, code.split("\n"))) > LONGEST_LINE:
        return []
    lexer = _lexer(language.lower())
    found: list[tuple[int, int, Kind]] = []
    until = time.perf_counter() + SECONDS
    for start, token, word in lexer.get_tokens_unprocessed(code[:LONGEST] + "\n"):
        kind = _kind(str(token))
        if kind is not None and word:
            found.append((start, start + len(word), kind))
        if time.perf_counter() > until:
            break
    return found


@lru_cache
def _lexer(language: str) -> "RegexLexer":
    from pygments.lexers import get_lexer_by_name

    return cast("RegexLexer", get_lexer_by_name(language))


@lru_cache
def _kind(token: str) -> Kind | None:
    """What a kind of token counts as: the nearest one above it that we know."""
    while token:
        if token in _KINDS:
            return _KINDS[token]
        token = token.rpartition(".")[0]
    return None
