"""Merges and what comes of them, one row for each rule: for bags inline and bags in S3 alike."""

from dataclasses import dataclass, field
from typing import Any

OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One merge.

    Attributes:
        rule: what it shows.
        base: the bag.
        delta: what comes in.
        merged: the bag after.
        strategies: the context's `merge_strategy`.
    """

    rule: str
    base: dict[str, Any]
    delta: dict[str, Any]
    merged: dict[str, Any]
    strategies: dict[str, Any] = field(default_factory=dict)


def state(base: Any, delta: Any, merged: Any, rule: str, **strategies: Any) -> Merge:
    return Merge(
        rule=rule,
        base={"current_state": base},
        delta={"current_state": delta},
        merged={"current_state": merged},
        strategies=strategies,
    )


def history(base: Any, delta: Any, merged: Any, rule: str) -> Merge:
    return Merge(
        rule=rule,
        base={"state_history": base},
        delta={"state_history": delta},
        merged={"state_history": merged},
    )


def tags(strategy: Any, base: Any, delta: Any, merged: Any, rule: str) -> Merge:
    return Merge(
        rule=rule,
        base={"tags": base},
        delta={"tags": delta},
        merged={"tags": merged},
        strategies={"tags": strategy},
    )


BY_ID = {"strategy": "merge_by_key", "key": "id"}

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

NOTHING: list[Any] = [None, "", [], {}]
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

JOINS = [
    tags("replace", [1, 2], [3], [3], "replace takes the delta's list"),
    tags("append", [1, 2], [2, 3], [1, 2, 2, 3], "append keeps doubles"),
    tags("dedupe_append", [1, 1, 2], [2, 3, 3], [1, 1, 2, 3], "dedupe_append adds what is new"),
    tags("set_union", [1, 1, 2], [2, 3, 3], [1, 2, 3], "set_union has each element once"),
    tags(
        "set_union",
        [{"a": [1]}, [1], None],
        [{"a": [1]}, [1], [2], None],
        [{"a": [1]}, [1], None, [2]],
        "set_union takes what cannot be hashed",
    ),
    tags("set_union", [3, 1], [2, 1], [3, 1, 2], "set_union keeps the order"),
    tags("set_union", [1], [1.0, True], [1, 1.0, True], "set_union tells types apart"),
    tags(
        BY_ID,
        [{"id": 1, "v": {"a": 1}}, {"id": 2}],
        [{"id": 1, "v": {"b": 2}}, {"id": 3}],
        [{"id": 1, "v": {"a": 1, "b": 2}}, {"id": 2}, {"id": 3}],
        "merge_by_key merges items of an equal key in place and appends others",
    ),
    tags(
        BY_ID,
        [{"id": 1}],
        [{"id": 1.0}, {"id": True}, {"id": "1"}],
        [{"id": 1}, {"id": 1.0}, {"id": True}, {"id": "1"}],
        "keys of other types are others",
    ),
    tags(
        BY_ID,
        [{"id": {"x": 1, "y": 2}, "v": 1}],
        [{"id": {"y": 2, "x": 1}, "v": 2}],
        [{"id": {"x": 1, "y": 2}, "v": 2}],
        "a key may be any value",
    ),
    tags(
        BY_ID,
        [{"id": "long " * 50, "v": 1}],
        [{"id": "long " * 50, "w": 2}],
        [{"id": "long " * 50, "v": 1, "w": 2}],
        "or a long one",
    ),
    tags(
        BY_ID,
        [{"id": 1, "v": 1}, {"id": 1, "v": 2}],
        [{"id": 1, "w": 3}, {"id": 2, "v": 4}, {"id": 2, "w": 5}],
        [{"id": 1, "v": 1, "w": 3}, {"id": 1, "v": 2}, {"id": 2, "v": 4, "w": 5}],
        "the first item of a key counts, also among the new ones",
    ),
    tags(
        BY_ID,
        [{"id": 1}, "text", {"no": "key"}],
        ["text", {"no": "key"}, None],
        [{"id": 1}, "text", {"no": "key"}, "text", {"no": "key"}, None],
        "items without the key are appended",
    ),
    tags(
        BY_ID,
        [{"id": 1, "updated_at": NEW, "v": 1}],
        [{"id": 1, "updated_at": OLD, "v": 2, "w": 3}],
        [{"id": 1, "updated_at": NEW, "v": 1, "w": 3}],
        "times count between items",
    ),
    *[
        tags(
            BY_ID,
            [{"id": nothing, "content": "hi"}, {"content": "no key"}],
            [{"id": nothing, "content": "hello"}, {"content": "none either"}],
            [
                {"id": nothing, "content": "hi"},
                {"content": "no key"},
                {"id": nothing, "content": "hello"},
                {"content": "none either"},
            ],
            f"a key that is null or empty identifies nothing: {nothing!r}",
        )
        for nothing in NOTHING
    ],
    *[
        tags(
            BY_ID, [{"id": key, "v": 1}], [{"id": key, "w": 2}], [{"id": key, "v": 1, "w": 2}], rule
        )
        for key, rule in ((0, "nought is a key"), (False, "and false"), (" ", "and a space"))
    ],
    *[
        tags(strategy, [one], other, [one, other], "a value that is no list is one element")
        for strategy in ("append", "dedupe_append", "set_union", BY_ID)
        for one, other in (("a", "b"), ("a", {"b": 1}), ({"b": 1}, 0), ("", False), ([], "x" * 99))
    ],
    *[
        tags(strategy, base, delta, joined, f"so it is in the base: {base!r} and {delta!r}")
        for strategy in ("append", "dedupe_append", "set_union", BY_ID)
        for base, delta, joined in (
            ("text", [1], ["text", 1]),
            ("a", "b", ["a", "b"]),
            ({"a": 1}, {"a": 2}, [{"a": 1}, {"a": 2}]),
            (False, [0], [False, 0]),
            ("x" * 99, ["y" * 99], ["x" * 99, "y" * 99]),
        )
    ],
    *[
        tags(strategy, base, None, base, f"null adds nothing to a list that grows: {base!r}")
        for strategy in ("append", "dedupe_append", "set_union", BY_ID)
        for base in ([], ["a", "b"], [{"id": 1}], "text", {"a": 1}, None)
    ],
    *[
        tags(strategy, None, delta, joined, f"null in the base is no element: {delta!r}")
        for strategy in ("append", "dedupe_append", "set_union", BY_ID)
        for delta, joined in (
            ("a", ["a"]),
            (["a", {}], ["a", {}]),
            ([], []),
            ({"a": 1}, [{"a": 1}]),
        )
    ],
    tags("dedupe_append", ["a"], "a", ["a"], "an element that is there is not added twice"),
    tags("set_union", {"a": 1}, [{"a": 1}, 2], [{"a": 1}, 2], "whichever side is no list"),
    tags(
        BY_ID, [{"id": 1}], {"id": 1, "v": 2}, [{"id": 1, "v": 2}], "an item that is no list merges"
    ),
    tags(BY_ID, {"id": 1}, {"id": 1, "v": 2}, [{"id": 1, "v": 2}], "also into one that is none"),
    *[
        Merge(
            rule=f"a list that grows begins as it goes on: {delta!r} by {strategy}",
            base={"other": 1},
            delta={"tags": delta},
            merged={"other": 1, **merged},
            strategies={"tags": strategy},
        )
        for strategy, delta, merged in (
            ("append", "a", {"tags": ["a"]}),
            ("append", [1, 1], {"tags": [1, 1]}),
            ("append", None, {}),
            ("append", [], {"tags": []}),
            ("dedupe_append", [1, 1, 2], {"tags": [1, 2]}),
            ("set_union", [1, 1, 2], {"tags": [1, 2]}),
            ("set_union", {"a": 1}, {"tags": [{"a": 1}]}),
            (BY_ID, [{"id": 1}, {"id": 1, "v": 2}], {"tags": [{"id": 1, "v": 2}]}),
            (BY_ID, None, {}),
            ("replace", None, {"tags": None}),
        )
    ],
    *[
        Merge(
            rule=f"so it does deep in the state: {base!r}",
            base=base,
            delta={"current_state": {"a": {"log": "one", "none": None, "x": 1, "y": [1, 1]}}},
            merged={"current_state": {**more, "a": {"log": ["one"], "x": 1, "y": [1]}}},
            strategies={"a.log": "append", "a.none": "append", "current_state.a.y": "set_union"},
        )
        for base, more in (
            ({}, {}),
            ({"current_state": {}}, {}),
            ({"current_state": {"b": 1}}, {"b": 1}),
            ({"current_state": {"b": 1, "a": {}}}, {"b": 1}),
            ({"current_state": {"long": "x" * 99, "a": {"log": None}}}, {"long": "x" * 99}),
        )
    ],
    tags("replace", {"a": 1}, {"b": 2}, {"b": 2}, "replace takes objects as they are"),
    state(
        {"a": {"b": [1]}, "b": [1]},
        {"a": {"b": [2]}, "b": [2]},
        {"a": {"b": [1, 2]}, "b": [2]},
        "a dotted path names one place only",
        **{"current_state.a.b": "append"},
    ),
    state(
        {"a": {"b": [1]}},
        {"a": {"b": [2]}},
        {"a": {"b": [1, 2]}},
        "and may be counted from current_state",
        **{"a.b": "append"},
    ),
    state(
        {"a": {"b": 1}},
        {"a": {"c": 2}},
        {"a": {"c": 2}},
        "replace stops the deep merge",
        a="replace",
    ),
    Merge(
        rule="chunk_results and failed_segments are appended to unless told otherwise",
        base={"chunk_results": [1], "failed_segments": [1], "distributed_outputs": [1]},
        delta={"chunk_results": [1], "failed_segments": [2], "distributed_outputs": [2]},
        merged={"chunk_results": [1, 1], "failed_segments": [1, 2], "distributed_outputs": [2]},
    ),
    Merge(
        rule="the context's strategy takes the default's place",
        base={"chunk_results": [1, 2]},
        delta={"chunk_results": [2, 3]},
        merged={"chunk_results": [1, 2, 3]},
        strategies={"chunk_results": "set_union"},
    ),
]

MERGES = [*FIELDS, *STATES, *TIMES, *HISTORIES, *JOINS]
