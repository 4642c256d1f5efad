"""Lists that are joined, one row for each rule: by strategy, and as they come."""

from typing import Any

from tests.core.merge.rows import BY_ID, NEW, NOTHING, OLD, Merge, state, tags

NO_LISTS: list[dict[str, Any]] = [{}, {"current_state": {}}, {"current_state": {"a": {}}}]
JOINS = [
    tags("replace", [1, 2], [3], [3], "replace takes the delta's list"),
    tags("append", [1, 2], [2, 3], [1, 2, 2, 3], "append keeps doubles"),
    tags("dedupe_append", [1, 1, 2], [2, 3, 3], [1, 1, 2, 3], "dedupe_append adds what is new"),
    tags("dedupe_append", [1e-7, 2**64], [1e-7], [1e-7, 2**64], "beside a number of 65 bits"),
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
            ({"current_state": {"a": None}}, {}),
            ({"current_state": {"a": "text"}}, {}),
            ({"current_state": {"a": [{"log": 1}]}}, {}),
        )
    ],
    tags("replace", {"a": 1}, {"b": 2}, {"b": 2}, "replace takes objects as they are"),
    *[
        Merge(
            rule=f"also new ones, in which no list begins: {base!r} by {sorted(strategies)}",
            base=base,
            delta={"current_state": {"a": {"log": {"x": 1}, "none": None, "twice": [1, 1]}}},
            merged={"current_state": {"a": {"log": {"x": 1}, "none": None, "twice": [1, 1]}}},
            strategies=strategies
            | {"a.log": "append", "a.none": "append", "current_state.a.twice": "set_union"},
        )
        for base in NO_LISTS
        for strategies in ({"current_state": "replace"}, {"a": "replace"})
    ],
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
