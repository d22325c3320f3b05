"""The person an event is about: their ids and what they consented to."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said of each category: True granted, False refused, absent unknown.

    Category names are in lower case; ``*`` stands for all that are not named.
    """

    categories: Mapping[str, bool] = field(default_factory=dict)

    def of(self, category: str) -> bool | None:
        """What was said of ``category``, None if nothing was."""
        return self.categories.get(category.casefold(), self.categories.get("*"))
