"""The page as a document: it stands alone, holds no secret, and tells what there is to tell."""

import html
import re
import shlex
from urllib.parse import urlsplit

import pytest

from statebag.report.page import page_of
from tests.statebag.cloud import BUCKET
from tests.statebag.report.runs import HOSTILE, SECRET, Run, findings, finished_run
from tests.statebag.report.test_excerpt import large_run
from tests.statebag.states import key_prefix


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(findings(finished_run()))


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    loading = r"<(?:img|link|iframe|object|embed|video|audio|source|form)\b|@import|url\((?!#)"
    assert re.findall(loading, page) == []
    assert "<script>" in page
    away = {href for href in re.findall(r'href="([^"]*)"', page) if not href.startswith("#")}
    assert all(urlsplit(href).hostname == "eu-west-1.console.aws.amazon.com" for href in away)
    assert page.count('target="_blank"') == page.count('rel="noopener noreferrer"') > 0
    assert "default-src &#39;none&#39;" in page


def test_a_state_cannot_write_the_page(page: str) -> None:
    assert HOSTILE not in page
    assert page.count("<script") == 1
    assert "&lt;/script&gt;" in page


def test_secrets_are_not_in_it(page: str) -> None:
    assert SECRET not in page


def test_every_link_leads_to_something(page: str) -> None:
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in re.findall(r'href="(#[^"]*)"', page)} <= set(ids)


def test_a_page_of_a_large_state_is_small() -> None:
    page = page_of(findings(large_run()))
    assert len(page.encode()) < 1_500_000


def test_a_failed_execution_tells_its_error_without_secrets() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    page = page_of(findings(finished_run().fail("SegmentFailedError", f"refused {key}")))
    assert "SegmentFailedError" in page
    assert "refused ***" in page
    assert key not in page


def test_a_failed_execution_tells_why_at_the_top() -> None:
    cause = '{"errorMessage": "no lines", "stackTrace": ["  File worker.py, line 7\\n"]}'
    page = page_of(findings(finished_run().fail("ValueError", cause)))
    assert page.index('id="failure"') < page.index('id="summary"')
    card = page.partition('id="failure"')[2].partition("</section>")[0]
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card)
    assert told[:3] == [
        ("error", "<code>ValueError</code>"),
        ("cause", "<code>no lines</code>"),
        ("trace", "<code>  File worker.py, line 7</code>"),
    ]
    assert "statebag resume" in dict(told)["go on"]
    assert "errorMessage" not in page


def test_that_no_item_failed_does_not_hide_why_the_execution_did() -> None:
    page = page_of(findings(Run("alone").sync("Sync", {"current_state": {"a": 1}}).fail("E", "c")))
    assert 'href="#failure">why the execution failed' in page


def test_a_failed_item_tells_its_cause_in_words() -> None:
    cause = '{"errorMessage": "order 7 has no lines", "errorType": "ValueError"}'
    failed = [{"index": 7, "error": "ValueError", "cause": cause}]
    page = page_of(findings(Run("items").sync("Sync", {"failed_segments": failed}).succeed()))
    items = page.partition('id="failures"')[2].partition("</section>")[0]
    assert '<td class="cause">order 7 has no lines</td>' in items


def test_a_link_is_ours_whatever_a_cause_looks_like() -> None:
    page = page_of(findings(finished_run().fail("https://evil.example/", "https://evil.example/")))
    assert "https://evil.example/" in page
    assert 'href="https://evil' not in page


def test_a_step_tells_what_it_was_given_and_gave(page: str) -> None:
    details = re.findall(r'<tr id="detail-\d+" class="detail" hidden>.*?</tr>', page, re.DOTALL)
    assert len(details) == page.count('class="opener"') == 30
    sync = next(each for each in details if "API catalog" in each)
    assert "statebag show &#39;arn:" in sync or "statebag show 'arn:" in sync
    assert sync.count("<pre") == 2
    assert re.search(r"<time>2025-05-31 11:58:0\d\.000 UTC</time>", sync)


def test_what_a_step_was_given_is_masked_and_cut(page: str) -> None:
    assert max(map(len, re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL))) < 6_000
    assert "&#34;password&#34;: &#34;***&#34;" in page


def test_an_execution_that_succeeded_has_no_failure(page: str) -> None:
    assert 'id="failure"' not in page
    assert "why the execution failed" not in page


def test_a_damaged_state_has_a_page_that_says_so() -> None:
    run = finished_run()
    lost = f"s3://{BUCKET}/{key_prefix(run.arn)}packs/{'0' * 64}"
    page = page_of(findings(run.fail("SegmentFailedError", f"refused [record: {lost}]")))
    assert "The state cannot be read: MissingObjectError" in page
    assert "statebag verify" in page
    run.cloud.memory.objects.clear()
    page = page_of(findings(run.succeed()))
    assert "The failed items cannot be read: MissingObjectError" in page
    assert "API catalog" in page


def test_an_execution_without_a_state_has_a_page() -> None:
    page = page_of(findings(Run("new")))
    assert page.count("No state was entered yet.") == 3
    assert page.count("No state is known yet.") == 2


def test_executions_that_continue_each_other_are_one_report() -> None:
    first = finished_run()
    given = {"resume_from": f"s3://{BUCKET}/{key_prefix(first.arn)}packs/{'0' * 64}"}
    second = Run("catalog-2", first.cloud, first.bag, given=given)
    first.succeed(continued_as={"execution_arn": second.arn})
    second.state("InitializeState").succeed()
    found = findings(first)
    assert [each.name for each in found.executions] == ["catalog-2025-11", "catalog-2"]
    assert found.visits[-1].execution == 1
    page = page_of(found)
    assert "2 executions" in page
    assert "next execution" in page


def test_a_long_timeline_shows_its_ends() -> None:
    run = Run("long")
    for number in range(1_200):
        run.state(f"State{number % 3}")
    page = page_of(findings(run.succeed()))
    assert "The first and last 500 of 1,200 steps" in page
    assert 'id="step-499"' in page
    assert 'id="step-500"' not in page
    assert 'id="step-1199"' in page


def test_command_that_is_copied_runs_nothing_that_the_state_says() -> None:
    """The page has a button that copies each command."""
    words = "'; touch taken; '"
    part = {words: {f"{words}{at}": "x" * 4_000 for at in range(100)}}
    run = Run("it's").sync("InitializeState", {"current_state": part})
    run.calls(f"worker{words}").calls("worker; touch taken").succeed()
    page = page_of(findings(run))

    commands = re.findall(r'<code class="command">(statebag .*?|aws .*?)</code>', page)
    split = [shlex.split(html.unescape(command)) for command in commands]
    assert [each for each in split if {"touch", ";"} & set(each)] == []
    assert [each for each in split if "--log-group-name" in each and "taken" in " ".join(each)]
    paths = [each[each.index("--path") + 1] for each in split if "--path" in each]
    assert [path for path in paths if words in path]
    assert {each[2].partition("#")[0] for each in split if each[0] == "statebag"} == {run.arn}


def test_key_that_looks_secret_is_nowhere_on_the_page() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    part = {key: {"a": 1}, "b": {key: "x" * 90_000, "c": {f"{key}.d": list(range(9_000))}}}
    run = Run("run-1").sync("InitializeState", {"current_state": part})
    run.add("TaskFailed", taskFailedEventDetails={"error": key})
    page = page_of(findings(run.fail(f"Not {key}", f"no {key}")))

    assert key not in page
    assert "current_state.***" in page
