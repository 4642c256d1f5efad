"""How large what JSONata computes is: each value counts as often as it can stand in the result."""

from typing import Final

import pytest

from statebag.machines.flow.shapes import Shape
from statebag.machines.flow.sizes import Values, size_of
from statebag.machines.model.rebase import rebased
from statebag.machines.values.expressions import WHOLE_DOCUMENT
from statebag.machines.values.jsonata import parse_jsonata
from statebag.machines.values.paths import ANY_LIST, DOCUMENT

A, L, ITEMS = 10_000, 30_000, 40
VALUES: Final[Values] = {
    DOCUMENT: Shape(2).written(("a",), Shape(A)).written(("l",), Shape(L)),
    ANY_LIST: Shape(0, count=ITEMS),
}
ROWS: Final = {
    # What is put together counts each time.
    "$states.input.a & $states.input.a": 2 * A,
    "$append($states.input.l, $states.input.l)": 2 * L,
    "$merge([$states.input.a, {'x': $states.input.l}])": A + L,
    "$merge([$states.input, {'a': $states.input.l}])": 2 * L,
    "$merge([$states.input, {'a': {}}])": L,
    "$merge([{'x': $states.input.a}, $states.input.l, {'x': 1}])": L,
    "($a := $states.input.a; $f := function($x) { $x & $x }; $f($a) & $a)": 3 * A,
    "($a := $states.input.a; $n := $count($states.input.l); $a)": A,
    # A text of JSON has its quotes escaped.
    "$string($states.input.a)": 2 * A,
    "$base64encode($string($states.input.a))": 4 * A,
    # What is compared, counted, or not chosen takes up nothing.
    "$states.input.a = 1 ? $states.input.a : 'none'": A,
    "$exists($states.input.a) ? $states.input.a : []": A,
    "$count($states.input.l) > 0 ? $states.input.a & 'x' : $states.input.a": A,
    "$filter($states.input.l, function($v) { $v.x = $states.input.a })": L,
    "$states.input.l[id = $states.input.a].name": L,
    "$sort($states.input.l, function($x, $y) { $x.n > $y.n })": L,
    # What stands in a function or a step counts for each element, their own parts once.
    "$map($states.input.l, function($v) { {'i': $v.id, 'n': $v.n} })": L,
    "$map($states.input.l, function($v) { {'i': $v.id, 'all': $v} })": 2 * L,
    "$map($states.input.l, function($v) { {'i': $v.id, 'o': $states.input.a} })": L + ITEMS * A,
    "($f := function($v) { $states.input.a }; $map($states.input.l, $f))": L + ITEMS * A,
    "$states.input.l ~> $map(function($v) { $merge([$v, {'n': 1}]) })": L,
    "$states.input.l.{'i': id, 'n': name}": L,
    "$states.input.l.$merge([$, {'o': $states.input.a}])": L + ITEMS * A,
    "$states.input.l{id: $states.input.a}": L + ITEMS * A,
    "$reduce($states.input.l, function($s, $v) { $append($s, [$v]) }, [])": L,
}


@pytest.mark.parametrize(("code", "size"), ROWS.items(), ids=ROWS)
def test_value_counts_as_often_as_it_can_stand_in_a_result(code: str, size: int) -> None:
    made = parse_jsonata(code)

    for same in (made, rebased(made, WHOLE_DOCUMENT)):
        assert size <= size_of(same, VALUES).size <= size + len(code)
