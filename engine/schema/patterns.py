"""Regular expressions of schemas, on an engine whose time grows with the text and no faster.

Patterns judge what strangers send, so one that needs look-around or back-references is refused when
the project loads; what is left means the same to who decides and to who explains.
"""

import jsonschema_rs

OPTIONS = jsonschema_rs.RegexOptions()


def can_run(pattern: str) -> bool:
    """Whether it is an expression that this engine takes."""
    try:
        _compile(pattern)
    except ValueError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; never so for a pattern that can't run."""
    try:
        return _compile(pattern).is_valid(text)
    except ValueError:
        return False


def _compile(pattern: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=OPTIONS)
