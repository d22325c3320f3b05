"""What a replay decides: of the log's next events, and of its dead letters that are retried."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import trio

from engine.delivery.attempt import Attempts
from engine.delivery.destination import NOTHING_STORED, Consumer, People
from engine.delivery.fates import Decider
from engine.delivery.records import not_kept, stored_payload, without_consent
from engine.delivery.replayed import Before, is_chosen, recorded_before, words_for
from engine.log.interface import Entry, Log
from engine.model.decision import Decision, Verb
from engine.model.delivery import Delivery, DeliveryKey
from engine.model.delivery import State as DeliveryState
from engine.model.event import Event
from engine.model.person import Remembered
from engine.model.replay import TALLIED, Replay, Tally
from engine.pipeline.batch import Item
from engine.pipeline.decide import has_consent
from engine.state.interface import State

PAGE = 200
"""Events decided, and deliveries sent, in one round."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was made of the log's next events: their ``records``, and how far the replay is."""

    replay: Replay
    records: Sequence[Delivery]
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class ReplayRules:
    """``live`` gives the consumer of the destination's live traffic, as far as there is one."""

    decider: Decider
    log: Log
    state: State
    attempts: Attempts
    live: Callable[[], Consumer | None]
    people: People | None = None

    async def page(self, replay: Replay) -> Page:
        """The next events of the log, decided; nothing is recorded yet."""
        entries = await self.log.read_range(replay.reached, PAGE, until=replay.until)
        chosen = [one for one in entries if is_chosen(replay, one.event)]
        tally = dict.fromkeys(TALLIED, 0)
        records: list[Delivery] = []
        # Asked for first: what is finished meanwhile is recorded then.
        in_hand = await self._in_hand(chosen)
        before = await recorded_before(self.state, replay, chosen, in_hand)
        stored = await self._stored_consent([one.event for one in chosen])
        for entry, consent in zip(chosen, stored, strict=True):
            await trio.lowlevel.checkpoint()
            records += self._decided(replay, (entry, consent), before[entry.position], tally)
        reached = entries[-1].position if len(entries) == PAGE else replay.until
        return Page(replace(replay.plus(tally), reached=reached), records, chosen)

    async def wanted(self, replay: Replay, due: Sequence[Delivery]) -> list[Item]:
        """What of these may still be sent: a refusal since it was decided stops it.

        A dead letter that is retried has no payload; it is decided by the rules of today.
        """
        destination, now = self.attempts.destination, self.attempts.clock()
        entries = await self.log.read_at(sorted({one.key.position for one in due}))
        stored = await self._stored_consent([one.event for one in entries])
        pairs = list(zip(entries, stored, strict=True))
        refused = {
            entry.position
            for entry, said in pairs
            if not has_consent(destination, entry.event, said)
        }
        made = [one for one in due if one.payload is not None]
        await self.attempts.settlement.settle(
            [without_consent(one, now) for one in made if one.key.position in refused]
        )
        items = [
            Item(replace(one, state=DeliveryState.WAITING), stored_payload(destination, one))
            for one in made
            if one.key.position not in refused
        ]
        if retried := [one for one in due if one.payload is None]:
            items += await self._retried(replay, retried, pairs)
        return items

    async def _in_hand(self, entries: Sequence[Entry]) -> set[int]:
        """Those of these entries that live traffic has not read, or not finished with."""
        consumer = self.live()
        head = await self.log.last_position() - await self.log.backlog(self.decider.name)
        open_ = consumer.attempts.settlement if consumer is not None else ()
        positions = [one.position for one in entries]
        return {one for one in positions if one > head or one in open_}

    def _decided(
        self,
        replay: Replay,
        pair: tuple[Entry, Mapping[str, Remembered]],
        before: Before,
        tally: Tally,
    ) -> list[Delivery]:
        (entry, stored), now = pair, self.attempts.clock()
        try:
            decisions = self.decider.decisions(entry, stored, now)
        except Exception as error:  # noqa: BLE001 - our own bug: it ends here, the rest goes on
            self.attempts.notices.alarm("decide", error, destination=self.decider.name)
            reason = f"fault of Encamina: {type(error).__name__}"
            decisions = [Decision(self.decider.name, Verb.ERROR, reason=reason)]
        tally["events"] += 1
        records = []
        words = words_for(decisions, entry.event, before, replay, now)
        for (word, part), decision in zip(words, decisions, strict=True):
            tally[word] += 1
            if word in ("to_send", "dead"):
                record = self.decider.record(decision, entry, now)
                key = replace(record.key, part=part, replay=replay.number)
                records.append(replace(record, key=key, due_at=replay.asked_at))
        return records

    async def _retried(
        self,
        replay: Replay,
        letters: Sequence[Delivery],
        pairs: Sequence[tuple[Entry, Mapping[str, Remembered]]],
    ) -> list[Item]:
        """What of these dead letters is to be sent by the rules of today; the rest is settled."""
        positions = sorted({one.key.position for one in letters})
        recorded = await self.state.deliveries_at(replay.destination, positions)
        kept, keys = {entry.position for entry, _ in pairs}, {one.key for one in letters}
        now = self.attempts.clock()
        done = [not_kept(one, now) for one in letters if one.key.position not in kept]
        items: list[Item] = []
        replaced: set[DeliveryKey] = set()
        for entry, said in pairs:
            here = [one for one in recorded if one.key.position == entry.position]
            theirs = [one for one in here if one.key in keys]
            known = [one for one in here if one.key not in keys]
            if theirs:
                fates = self.decider.fates(
                    entry, said, open_=theirs, known=known, replay=replay.number
                )
                items += fates.items
                done += fates.done
                replaced |= fates.replaced
        await self.state.forget(sorted(replaced, key=lambda one: one.position))
        await self.attempts.settlement.settle(done)
        return items

    async def _stored_consent(self, events: Sequence[Event]) -> Sequence[Mapping[str, Remembered]]:
        if self.people is None or not events:
            return [NOTHING_STORED] * len(events)
        return await self.people.stored_consent(events)
