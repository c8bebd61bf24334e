"""What a password may be, and the one form in which it is compared.

That form is PRECIS's OpaqueString (RFC 8265): whichever keyboard it is typed on, the same password is the
same bytes. Nothing is asked of a password but its length: rules about signs and digits make worse ones.
"""

from protocol import limits
from protocol.text import limit_marks


class BadPasswordError(ValueError):
    """A password that the rules forbid; the text says why, and never the password."""


def check_password(password: str) -> str:
    """Return a new password in its one form; raise `BadPasswordError` if it is not allowed."""
    prepared = prepare(password)
    if prepared is None:
        raise BadPasswordError("a password has letters, digits, signs and blanks only")
    if len(prepared) < limits.PASSWORD_MIN:
        raise BadPasswordError(f"a password has at least {limits.PASSWORD_MIN} characters")
    if len(prepared) > limits.PASSWORD:
        raise BadPasswordError(f"a password has at most {limits.PASSWORD} characters")
    return prepared


def prepare(password: str) -> str | None:
    """The one form of a password, None if it has none. Its length is not looked at: rules change."""
    import precis_i18n  # 20 ms that only who deals with passwords pays

    try:
        prepared: str = precis_i18n.get_profile("OpaqueString").enforce(limit_marks(password))
    except UnicodeEncodeError:
        return None
    return prepared
