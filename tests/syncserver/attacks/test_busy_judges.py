"""A rogue till sends batches that take long to judge."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from shared import cbor, cose, journal
from shared.journal import ShiftOpen
from syncserver.judge import authenticity
from syncserver.judge.authenticity import Arrival, Parsed, parse
from syncserver.judge.batch import Judgement, judge_batch
from syncserver.judge.facts import BatchFacts
from syncserver.sync import pieces
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio

LONGEST_SECONDS = 30
RECORDS = 100


async def test_others_are_answered_while_a_batch_is_judged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, answered = threading.Event(), threading.Event()

    def slowly(arrivals: Sequence[Arrival], facts: BatchFacts, judgement: Judgement) -> None:
        begun.set()
        assert answered.wait(LONGEST_SECONDS), "nobody was answered meanwhile"
        judge_batch(arrivals, facts, judgement)

    rogue = await shop.terminal()
    monkeypatch.setattr(pieces, "judge_batch", slowly)
    raws = [rogue.open_shift() for _ in range(RECORDS)]
    uploading = asyncio.create_task(rogue.upload(*raws))
    assert await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
    assert (await shop.http.get("/readyz")).status_code == 200
    answered.set()
    assert (await uploading).through == RECORDS


async def test_others_are_answered_while_a_few_records_of_many_bytes_are_taken_apart(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, answered = threading.Event(), threading.Event()

    def slowly(raws: Sequence[bytes], pause: Callable[[], None]) -> list[Parsed]:
        begun.set()
        assert answered.wait(LONGEST_SECONDS), "nobody was answered meanwhile"
        return parse(raws, pause)

    rogue = await shop.terminal()
    record = cbor.decode_map(journal.encode_record(ShiftOpen(**rogue.common(), opening_float=0)))
    raw = cose.sign(cose.Kind.RECORD, cbor.encode({**record, "crumbs": [0] * 50_000}), rogue.key)
    monkeypatch.setattr(authenticity, "parse", slowly)
    uploading = asyncio.create_task(rogue.send(rogue.batch([raw])))
    assert await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
    assert (await shop.http.get("/readyz")).status_code == 200
    answered.set()
    assert (await uploading).status_code == 200
