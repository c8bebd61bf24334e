"""From the declaration in `settings` to a flat table of settings, and from raw values to theirs.

Knows types and names; nothing of where a raw value came from but whether it was text.
"""

import operator
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from common.nearest import nearest
from server.config.address import Address, parse_address
from server.config.retention import Age, Rule, check_age, parse_rule
from server.config.settings import Config, Section

ENVIRONMENT = "CHAT_SERVER_"

S = TypeVar("S", bound=Section)


@dataclass(slots=True, frozen=True)
class Setting:
    """One setting. `kind` is the type of its value, or of each of them if there may be `many`."""

    key: str
    annotation: Any
    kind: Any
    many: bool
    default: Any
    why: str
    flag: str
    example: str
    hidden: bool

    @property
    def section(self) -> str:
        """The section it is in; empty for none."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """What its section calls it."""
        return self.key.rpartition(".")[2]

    @property
    def variable(self) -> str:
        """What the environment calls it."""
        return ENVIRONMENT + self.key.replace(".", "_").upper()

    @property
    def choices(self) -> tuple[str, ...]:
        """All the values it may have, if these are few."""
        return typing.get_args(self.kind) if typing.get_origin(self.kind) is Literal else ()

    def read(self, raw: object, folder: Path, *, text: bool = False) -> Any:  # noqa: ANN401  # of whatever type it is
        """The value that `raw` means: a value of a TOML file, or `text` from elsewhere. Raises `ValueError`.

        Relative paths are in `folder`.
        """
        if not self.many:
            return self._one(raw, folder, text=text)
        if text and isinstance(raw, str):
            raw = raw.replace(",", " ").split()
        if not isinstance(raw, list) or (self.default and not raw):
            example = f', as in ["{self.default[0]}"]' if self.default else ""
            raise ValueError(f"has to be a list of one or more{example}")
        return tuple(self._one(one, folder, text=text) for one in raw)

    def _one(self, raw: object, folder: Path, *, text: bool) -> Any:  # noqa: ANN401
        if self.choices and raw not in self.choices:
            raise ValueError(f"has to be one of {', '.join(self.choices)}")
        reader = _READERS.get(self.kind)
        if reader is not None:
            if not isinstance(raw, str) or not raw:
                raise ValueError("has to be a text in quotes")
            return reader(raw, folder)
        try:
            return msgspec.convert(raw, self.annotation, strict=not text)
        except msgspec.ValidationError as error:
            reason = str(error).replace("`", "")
            raise ValueError(reason[:1].lower() + reason[1:]) from error


_READERS: dict[Any, Callable[[str, Path], Any]] = {
    Address: lambda raw, _: parse_address(raw),
    Age: lambda raw, _: check_age(raw),
    Rule: lambda raw, _: parse_rule(raw),
    str: lambda raw, _: raw,
    Path: lambda raw, folder: folder / Path(raw).expanduser(),
}


def _fields(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            yield from _fields(field.type, f"{field.name}.")
            continue
        bare, meta = typing.get_args(field.type)
        key = prefix + field.name
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        kinds = [kind for kind in typing.get_args(bare) if kind not in (types.NoneType, ...)]
        many = typing.get_origin(bare) is tuple
        optional = typing.get_origin(bare) in (types.UnionType, typing.Union)
        yield Setting(
            key=key,
            annotation=field.type,
            kind=kinds[0] if many or optional else bare,
            many=many,
            default=default,
            why=meta.description,
            flag=meta.extra["flag"] or "--" + key.replace(".", "-").replace("_", "-"),
            example=meta.extra["example"],
            hidden=meta.extra["hidden"],
        )


SETTINGS = {setting.key: setting for setting in _fields(Config)}
"""All settings by key, in the order of their declaration."""

SECTIONS: dict[str, type[Section]] = {
    field.name: field.type
    for field in msgspec.structs.fields(Config)
    if isinstance(field.type, type) and issubclass(field.type, Section)
}


def build(values: Mapping[str, Any]) -> Config:
    """The configuration with these values by key, and the defaults of all others."""
    sections = {name: _build(kind, values, f"{name}.") for name, kind in SECTIONS.items()}
    return msgspec.structs.replace(_build(Config, values, ""), **sections)


def _build(kind: type[S], values: Mapping[str, Any], prefix: str) -> S:
    names = (field.name for field in msgspec.structs.fields(kind))
    return kind(**{name: values[prefix + name] for name in names if prefix + name in values})


def value_of(config: Config, key: str) -> Any:  # noqa: ANN401  # of whatever type it is
    """What a setting is in this configuration."""
    return operator.attrgetter(key)(config)


def meant(name: str, names: list[str]) -> str:
    """A remark on what somebody may have meant by `name`; empty if it looks like none of them.

    Keys are compared without their section: one in the wrong section is near, a right section says nothing.
    """
    section, _, end = name.rpartition(".")
    ends = {other.rpartition(".")[2]: other for other in reversed(names)}
    ends |= {
        other.rpartition(".")[2]: other for other in names if section and other.startswith(f"{section}.")
    }
    close = end if end in ends else nearest(end, ends)
    return f"; the nearest is {ends[close]}" if close else ""


def visible() -> list[str]:
    """The keys that people may use."""
    return [key for key, setting in SETTINGS.items() if not setting.hidden]
