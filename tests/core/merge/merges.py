"""Merges and what comes of them, one row for each rule: for bags inline and bags in S3 alike."""

from typing import Any

from tests.core.merge.list_merges import JOINS
from tests.core.merge.rows import NEW, OLD, Merge, history, state

FIELDS = [
    Merge(
        rule="a control field takes the delta's value",
        base={"status": "CONTINUE", "segment_id": {"a": 1}, "loop_counter": 5},
        delta={"status": "PAUSE", "segment_id": {"b": 2}, "loop_counter": 0},
        merged={"status": "PAUSE", "segment_id": {"b": 2}, "loop_counter": 0},
    ),
    Merge(
        rule="a control field knows no strategy",
        base={"segment_id": [1]},
        delta={"segment_id": [2]},
        merged={"segment_id": [2]},
        strategies={"segment_id": "append"},
    ),
    Merge(
        rule="any other field takes the delta's value, also an object",
        base={"report": {"a": 1}, "list": [1, 2], "text": "old"},
        delta={"report": {"b": 2}, "list": [3], "text": None},
        merged={"report": {"b": 2}, "list": [3], "text": None},
    ),
    Merge(rule="a new field is added", base={"a": 1}, delta={"b": 2}, merged={"a": 1, "b": 2}),
    Merge(rule="an empty delta changes nothing", base={"a": [1]}, delta={}, merged={"a": [1]}),
    Merge(
        rule="empty names and names like paths are names",
        base={"current_state": {"": 1, "a.b": {"c": 1}, "a": {"b": 2}}},
        delta={"current_state": {"": 2, "a.b": {"d": 3}, "[0]": 4}},
        merged={"current_state": {"": 2, "a.b": {"c": 1, "d": 3}, "a": {"b": 2}, "[0]": 4}},
    ),
    Merge(
        rule="a strategy is not for a key that looks like its path",
        base={"current_state": {"a.b": [1], "a": {"b": [1]}}},
        delta={"current_state": {"a.b": [2], "a": {"b": [2]}}},
        merged={"current_state": {"a.b": [2], "a": {"b": [1, 2]}}},
        strategies={"current_state.a.b": "append"},
    ),
    Merge(
        rule="a strategy names a key with dots and brackets in quotes",
        base={"current_state": {"a.b": [1], "a": {"b": [1], "[0]": [1]}}},
        delta={"current_state": {"a.b": [2], "a": {"b": [2], "[0]": [2]}}},
        merged={"current_state": {"a.b": [1, 2], "a": {"b": [2], "[0]": [1, 2]}}},
        strategies={'["a.b"]': "append", 'current_state.a["[0]"]': "append"},
    ),
]

STATES = [
    state(
        {"a": {"b": {"c": 1, "d": 2}}, "x": 0},
        {"a": {"b": {"c": 9, "e": 3}}},
        {"a": {"b": {"c": 9, "d": 2, "e": 3}}, "x": 0},
        "objects are merged at every depth",
    ),
    state({"a": [1, {"x": 1}]}, {"a": [{"y": 2}]}, {"a": [{"y": 2}]}, "a list is atomic"),
    state({"a": {"b": 1}}, {"a": None}, {"a": None}, "null is a value and wins"),
    state({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}, "an object replaces a scalar"),
    state({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}, "a scalar replaces an object"),
    state({"a": 1}, {"a": 1.0}, {"a": 1.0}, "one and one point nought differ"),
    state({"a": True}, {"a": 1}, {"a": 1}, "true and one differ"),
    state({"a": 1}, "text", "text", "a current_state that is no object is atomic"),
    state("text", {"a": 1}, {"a": 1}, "and is replaced by one"),
    state({"a": {}}, {"a": {"b": {}}}, {"a": {"b": {}}}, "empty objects are objects"),
    state({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}, "an empty object adds nothing"),
]

# Pairs of times, of which the second is the newer by a little. 1764090000 is 2025-11-25T17:00:00Z.
FORMS: list[tuple[Any, Any]] = [
    (1764090000, 1764090001),
    (1764090000, 1764090000001),
    (1764090000000, 1764090000000001),
    (1764090000000000, 1764090000000000001),
    (1764090000000000001, 1764090000000000002),
    (1764090000000, 1764090001),
    (1764090000.123, 1764090000.124),
    (1764090000.5, 1764090000501),
    (1764090000499.9, "2025-11-25T17:00:00.5Z"),
    (1764090000000, "2025-11-25T19:00:00Z"),
    ("2025-11-25T17:00:00Z", 1764090000000000001),
    ("2025-11-25T17:00:00Z", "2025-11-25t17:00:01z"),
    ("2025-11-25 17:00:00.123456788z", "2025-11-25T17:00:00.123456789Z"),
    ("2025-11-25T19:00:00+02:00", "2025-11-25T17:00:00.000001"),
    ("2016-12-31T23:59:59.9Z", "2016-12-31T23:59:60Z"),
    ("2016-12-31T23:59:60.9Z", "2017-01-01T00:00:01Z"),
    ("2025-11-25", "2025-11-25T00:00:00+0000".replace(":00+", ":01+")),
    (-1, 0),
    ("1969-12-31T23:59:59Z", "1970-01-01"),
]

TIMES = [
    state(
        {"a": {"updated_at": NEW, "v": "base", "only": 1}},
        {"a": {"updated_at": OLD, "v": "delta", "more": 2}},
        {"a": {"updated_at": NEW, "v": "base", "only": 1, "more": 2}},
        "an older delta only adds what is missing",
    ),
    state(
        {"a": {"updated_at": OLD, "v": "base"}},
        {"a": {"updated_at": NEW, "v": "delta"}},
        {"a": {"updated_at": NEW, "v": "delta"}},
        "a newer delta wins",
    ),
    state(
        {"a": {"updated_at": OLD, "v": "base"}},
        {"a": {"updated_at": OLD, "v": "delta"}},
        {"a": {"updated_at": OLD, "v": "delta"}},
        "of the same time the delta wins",
    ),
    state(
        {"a": {"timestamp": 20, "v": "base"}},
        {"a": {"timestamp": 10.5, "v": "delta"}},
        {"a": {"timestamp": 20, "v": "base"}},
        "timestamp counts as updated_at does, also in seconds",
    ),
    state(
        {"a": {"updated_at": "2026-01-01T12:00:00+02:00", "v": "base"}},
        {"a": {"updated_at": "2026-01-01T09:59:59Z", "v": "delta"}},
        {"a": {"updated_at": "2026-01-01T12:00:00+02:00", "v": "base"}},
        "offsets are counted",
    ),
    state(
        {"a": {"updated_at": NEW, "in": {"v": "base", "deep": {"v": "base"}}}},
        {"a": {"updated_at": OLD, "in": {"v": "delta", "deep": {"v": "delta", "w": 1}}}},
        {"a": {"updated_at": NEW, "in": {"v": "base", "deep": {"v": "base", "w": 1}}}},
        "the base wins at every depth inside the pair",
    ),
    state(
        {"updated_at": NEW, "list": [1], "a": {"b": 1}},
        {"updated_at": OLD, "list": [2], "a": 5, "new": [3]},
        {"updated_at": NEW, "list": [1], "a": {"b": 1}, "new": [3]},
        "also over lists and over values of another kind",
    ),
    state(
        {"a": {"updated_at": NEW, "v": 1}, "b": {"v": 1}},
        {"a": {"updated_at": OLD, "v": 2}, "b": {"v": 2}},
        {"a": {"updated_at": NEW, "v": 1}, "b": {"v": 2}},
        "other pairs are not concerned",
    ),
    state(
        {"a": {"updated_at": NEW, "v": 1}},
        {"a": {"v": 2}},
        {"a": {"updated_at": NEW, "v": 2}},
        "without a time on both sides the delta wins",
    ),
    *[
        state(
            {"a": {"updated_at": NEW, "v": 1}},
            {"a": {"updated_at": unreadable, "v": 2}},
            {"a": {"updated_at": unreadable, "v": 2}},
            f"an unreadable time counts as absent: {unreadable}",
        )
        for unreadable in (
            *("yesterday", "", None, True, [OLD], {"at": OLD}, 10**400, 2.0**70),
            *("1764090000", "20251125", "20251125T190000Z", "2025-W01-1", "2025-13-01", "1e9"),
            *(
                "2025-11-25T19:00:61Z",
                "2025-11-25T19:00:00+99:00",
                "\uff12\uff10\uff12\uff15-11-25",
                f" {OLD}",
            ),
        )
    ],
    *[
        state(
            {"a": {"updated_at": older, "v": 1}},
            {"a": {"updated_at": newer, "v": 2}},
            {"a": {"updated_at": newer, "v": 2}},
            f"the newer wins, in whatever form it says so: {older} and {newer}",
        )
        for older, newer in FORMS
    ],
    *[
        state(
            {"a": {"updated_at": newer, "v": 1}},
            {"a": {"updated_at": older, "v": 2}},
            {"a": {"updated_at": newer, "v": 1}},
            f"and the older loses: {newer} and {older}",
        )
        for older, newer in FORMS
    ],
    state(
        {"a": {"updated_at": "?", "timestamp": 20, "v": 1}},
        {"a": {"updated_at": None, "timestamp": 10, "v": 2}},
        {"a": {"updated_at": "?", "timestamp": 20, "v": 1}},
        "where updated_at cannot be read, timestamp is",
    ),
    state(
        {"a": {"updated_at": NEW, "tags": [1]}},
        {"a": {"updated_at": OLD, "tags": [2]}},
        {"a": {"updated_at": NEW, "tags": [1, 2]}},
        "a strategy keeps both sides whatever their times",
        **{"a.tags": "append"},
    ),
]

HISTORIES = [
    history([1, 2], [3, 4], [1, 2, 3, 4], "entries are appended in order"),
    history([{"a": 1}], [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}], "no entry is added twice"),
    history([], [5, 5, 6, 5], [5, 6], "nor twice by one delta"),
    history([1], [1.0, True, "1"], [1, 1.0, True, "1"], "entries of other types are others"),
    history(
        [{"a": 1, "b": 2}], [{"b": 2, "a": 1}], [{"a": 1, "b": 2}], "order of keys is no matter"
    ),
    history([1], "text", [1, "text"], "an entry that is no list is one entry"),
    history([1], {"a": 1}, [1, {"a": 1}], "so is an object"),
    history([1], None, [1], "null is no entry, as it adds nothing to any list"),
    history(None, [1], [1], "and a base of null has no entry"),
    history([1, 1, 2], [1], [1, 1, 2], "what is there already stays as it is"),
    history([1], [[2, 3]], [1, [2, 3]], "a list in the list is one entry"),
    history("one", [2], ["one", 2], "a base that is no list is one entry"),
    Merge(
        rule="new_history_logs are entries too, and leave no field of their own",
        base={"state_history": [1]},
        delta={"new_history_logs": [2, 1]},
        merged={"state_history": [1, 2]},
    ),
    Merge(
        rule="both names in one delta are one history",
        base={},
        delta={"new_history_logs": [3], "state_history": [1, 2]},
        merged={"state_history": [1, 2, 3]},
    ),
    Merge(
        rule="an empty list begins a history",
        base={},
        delta={"state_history": []},
        merged={"state_history": []},
    ),
]

MERGES = [*FIELDS, *STATES, *TIMES, *HISTORIES, *JOINS]
