"""How many arrays, maps and tags stand as keys of maps in CBOR bytes.

Python's hash of a tuple has no secret, so keys that are arrays can be chosen to collide: 150,000 of them fit into an
upload and would keep a dict busy for minutes. Texts and byte strings have a secret hash; numbers can't collide enough.
"""

_ARGUMENT_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
_LARGEST_DIRECT = 23
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6


def _bytes_after(head: int) -> int | None:
    """How many bytes follow an item's first one, where that alone tells: numbers and short strings."""
    major, argument = head >> 5, head & 31
    if _ARRAY <= major <= _TAG:
        return None
    if argument <= _LARGEST_DIRECT:
        return argument if major in (_BYTES, _TEXT) else 0
    return None if major in (_BYTES, _TEXT) else _ARGUMENT_BYTES.get(argument)


_BYTES_AFTER = tuple(_bytes_after(head) for head in range(256))


def count_compound_keys(data: bytes, *, most: int, max_depth: int, most_items: int = 2**63) -> int:
    """The number of such keys in `data`; the count ends early above `most`, and where the bytes are malformed.

    Of more than `most_items` items of any kind the answer is above `most` too.

    It neither builds nor refuses anything: a decoder that is called next does that.
    """
    found = items = 0
    position, end = 0, len(data)
    left, is_map = 1, False  # of the innermost open item: how many items are left, and whether every second is a key
    outer: list[tuple[int, bool]] = []
    while position < end and found <= most:
        while left == 0:
            if not outer:
                return found
            left, is_map = outer.pop()
        items += 1
        if items > most_items:
            return most + 1
        head = data[position]
        position += 1
        is_key = is_map and left % 2 == 0
        left -= 1
        after = _BYTES_AFTER[head]
        if after is not None:
            position += after
            continue
        major, argument = head >> 5, head & 31
        if argument > _LARGEST_DIRECT:
            width = _ARGUMENT_BYTES.get(argument)
            if width is None:
                return found
            argument = int.from_bytes(data[position : position + width])
            position += width
        if major in (_BYTES, _TEXT):
            position += argument
            continue
        found += is_key
        if len(outer) > max_depth:
            return found
        outer.append((left, is_map))
        left, is_map = (argument * 2, True) if major == _MAP else (1 if major == _TAG else argument, False)
    return found
