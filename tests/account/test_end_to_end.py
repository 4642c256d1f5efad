"""Results of the end-to-end tests become findings."""

from pathlib import Path

from account.end_to_end import failures_in

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.end_to_end.test_waits" name="test_good" />
<testcase classname="tests.end_to_end.test_waits" name="test_skipped">
<skipped message="no" /></testcase>
<testcase classname="tests.end_to_end.test_waits" name="test_bad[async]">
<failure message="assert 1 == 2&#10;more of it">trace</failure></testcase>
<testcase classname="tests.end_to_end.test_workers" name="test_broken">
<error message="failed on setup">trace</error></testcase>
</testsuite></testsuites>"""


def test_tests_that_fail_or_break_are_told_with_the_first_line_of_why(tmp_path: Path) -> None:
    results = tmp_path / "results.xml"
    results.write_text(RESULTS)
    assert [(each.subject, each.seen) for each in failures_in(results)] == [
        ("test_waits::test_bad[async]", "assert 1 == 2"),
        ("test_workers::test_broken", "failed on setup"),
    ]
