"""Every cache of Encamina: what it keeps, how much, how long, and what empties it.

Whoever starts builds ``Caches`` once and hands it in. With all of them off, everything gives the
same, only later. To be used from one thread.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from cachetools import Cache, LRUCache, TTLCache

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

ABSENT = object()


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """A cache: at most ``size`` results, each for ``life_s`` seconds (None: until pushed out).

    ``of_texts`` tells that it is asked with texts, or nothing, alone.
    """

    name: str
    keeps: str
    size: int
    life_s: float | None
    emptied_by: str
    of_texts: bool = False


WRITE_KEYS = CacheSpec(
    "write_keys",
    "the source that a write key stands for",
    size=1_000,
    life_s=60,
    emptied_by="a new release, and a change of keys",
)
PHONES = CacheSpec(
    "phones",
    "phone numbers as vendors want them: parsing one takes 10 to 40 µs, finding it again 0.1 µs",
    size=10_000,
    life_s=None,
    emptied_by="an erasure",
    of_texts=True,
)
PERSONAL = CacheSpec(
    "personal",
    "names, places, e-mail addresses as vendors want them, and hashes of them, a cache each: "
    "1 to 5 µs, found again in 0.1 µs; an event goes to several vendors, and people come back",
    size=2_000,
    life_s=None,
    emptied_by="an erasure",
    of_texts=True,
)
COOKIES = CacheSpec(
    "cookies",
    "what is encoded in a visitor's cookies: decoding one takes 7 µs, finding it again 0.1 µs",
    size=2_000,
    life_s=None,
    emptied_by="an erasure",
    of_texts=True,
)
PAGES = CacheSpec(
    "pages",
    "parts of the addresses of pages: taking one apart costs 1 to 3 µs, finding it again 0.1 µs",
    size=1_000,
    life_s=None,
    emptied_by="an erasure",
    of_texts=True,
)
CATEGORIES = CacheSpec(
    "categories",
    "the levels of products' categories: a shop has some hundred of them, and each line has one; "
    "taking one apart costs 2 µs, finding it again 0.1 µs",
    size=5_000,
    life_s=None,
    emptied_by="nobody: a category is the same for everyone",
    of_texts=True,
)
EXPRESSIONS = CacheSpec(
    "expressions",
    "what the texts of rules say: a default that twenty rules share is read once",
    size=5_000,
    life_s=None,
    emptied_by="nobody: an edited text is another text",
)
PEOPLE = CacheSpec(
    "people",
    "opt-outs, consent and memory of a person",
    size=10_000,
    life_s=5,
    emptied_by="a write about that person here; that of another process is seen after its life",
)

CACHES: tuple[CacheSpec, ...] = (
    WRITE_KEYS,
    PHONES,
    PERSONAL,
    COOKIES,
    PAGES,
    CATEGORIES,
    EXPRESSIONS,
    PEOPLE,
)
"""The whole list; the reference page is made from it."""


@dataclass(slots=True)
class CacheCounts:
    """How often a cache was asked, and how much it holds."""

    hits: int = 0
    misses: int = 0
    size: int = 0


class Shelf:
    """A cache that is filled by hand, where what is to be kept is known without being asked for."""

    def __init__(self, spec: CacheSpec, timer: Callable[[], float]) -> None:
        self.counts = CacheCounts()
        self._kept: Cache[Any, Any] = (
            LRUCache(spec.size)
            if spec.life_s is None
            else TTLCache(spec.size, spec.life_s, timer=timer)
        )

    def get(self, key: Hashable) -> Any:
        """What was put there, ``ABSENT`` if it is not kept (any more)."""
        found = self._kept.get(key, ABSENT)
        if found is ABSENT:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return found

    def put(self, key: Hashable, value: object) -> None:
        """Keep this under the key."""
        if self._kept.maxsize:
            self._kept[key] = value
            self.counts.size = len(self._kept)

    def clear(self) -> None:
        """Nothing is kept any more."""
        self._kept.clear()
        self.counts.size = 0


@dataclass(frozen=True, slots=True)
class _Store:
    """The results of one function, under one declaration."""

    call: Callable[..., Any]
    counts: Callable[[], CacheCounts]
    clear: Callable[[], None]


@dataclass(slots=True)
class Caches:
    """The caches of this process; ``on()`` and ``off()`` make them."""

    enabled: bool
    timer: Callable[[], float] = monotonic
    stores: dict[tuple[str, Hashable], _Store] = field(default_factory=dict)

    @classmethod
    def on(cls, timer: Callable[[], float] = monotonic) -> "Caches":
        """Caches that keep what they are given; ``timer`` gives seconds, for tests."""
        return cls(enabled=True, timer=timer)

    @classmethod
    def off(cls) -> "Caches":
        """Caches that keep nothing."""
        return cls(enabled=False)

    def wrap(
        self, spec: CacheSpec, function: Callable[Arguments, Result]
    ) -> Callable[Arguments, Result]:
        """``function``, asked once for each set of positional arguments while the result is kept.

        The same function and declaration give the same cache. Arguments that can't be a key
        (lists, objects) go to the function each time.
        """
        if not self.enabled:
            return function
        key = (spec.name, function)
        if key not in self.stores:
            self.stores[key] = _store(spec, function, self.timer)
        return self.stores[key].call

    def shelf(self, spec: CacheSpec) -> Shelf:
        """A cache of its own for the caller; with caches off, one that keeps nothing."""
        shelf = Shelf(spec if self.enabled else replace(spec, size=0, life_s=None), self.timer)
        self.stores[spec.name, shelf] = _Store(shelf.get, lambda: shelf.counts, shelf.clear)
        return shelf

    def clear(self, name: str | None = None) -> None:
        """Nothing is kept any more in the caches of this name, or in any."""
        for (owner, _), store in self.stores.items():
            if name is None or owner == name:
                store.clear()

    def counts(self) -> Mapping[str, CacheCounts]:
        """Hits, misses and size of each declared cache."""
        totals = {spec.name: CacheCounts() for spec in CACHES}
        for (name, _), store in self.stores.items():
            total, counts = totals.setdefault(name, CacheCounts()), store.counts()
            total.hits += counts.hits
            total.misses += counts.misses
            total.size += counts.size
        return totals


def _store(spec: CacheSpec, function: Callable[..., Any], timer: Callable[[], float]) -> _Store:
    if spec.of_texts and spec.life_s is None:
        return _store_of_texts(spec, function)
    kept: Cache[Any, Any] = (
        LRUCache(spec.size)
        if spec.life_s is None
        else TTLCache(spec.size, spec.life_s, timer=timer)
    )
    counts = CacheCounts()

    def call(*arguments: Any) -> Any:
        # The types are part of the key, as 1, 1.0 and true are equal in Python.
        key = (arguments, tuple(map(type, arguments)))
        try:
            found = kept.get(key, ABSENT)
        except TypeError:  # an argument that can't be hashed
            return function(*arguments)
        if found is not ABSENT:
            counts.hits += 1
            return found
        counts.misses += 1
        result = kept[key] = function(*arguments)
        return result

    return _Store(call, lambda: CacheCounts(counts.hits, counts.misses, len(kept)), kept.clear)


def _store_of_texts(spec: CacheSpec, function: Callable[..., Any]) -> _Store:
    """The same by Python's own cache in C: 0.1 µs to find a result, a sixth of the time."""
    kept = lru_cache(spec.size)(function)
    cleared = CacheCounts()

    def counts() -> CacheCounts:
        info = kept.cache_info()
        return CacheCounts(cleared.hits + info.hits, cleared.misses + info.misses, info.currsize)

    def clear() -> None:
        so_far = counts()
        cleared.hits, cleared.misses = so_far.hits, so_far.misses
        kept.cache_clear()

    return _Store(kept, counts, clear)
