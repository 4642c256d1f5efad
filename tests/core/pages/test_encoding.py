"""How objects of others are decoded, and what is made of bodies that are not as they should be.

Hazards held here: the codec picked from today's setting and not from the object; expansion
without a cap.
"""

import gzip
import os

import pytest
import zstandard

from universal_sync_core.errors import StateTooLargeError, UnreadableObjectError
from universal_sync_core.packs.encoding import from_stored
from universal_sync_core.storage.store import StoredObject
from universal_sync_core.values.budget import Budget

PATH = "s3://state-bucket/v1/run/packs/key"
LARGE = b"word " * 100_000
WITHOUT_SIZE = zstandard.ZstdCompressor(write_content_size=False)


def budget(size: int = 10_000_000) -> Budget:
    return Budget(size, 1_000)


@pytest.mark.parametrize(
    "stored",
    [
        StoredObject(LARGE),
        StoredObject(LARGE, ""),
        StoredObject(LARGE, "identity"),
        StoredObject(zstandard.ZstdCompressor().compress(LARGE), "zstd"),
        StoredObject(gzip.compress(LARGE), "gzip"),
    ],
    ids=["none", "empty", "identity", "zstd", "gzip"],
)
def test_the_object_says_how_it_is_read(stored: StoredObject) -> None:
    assert from_stored(stored, PATH, budget()) == LARGE


@pytest.mark.parametrize(
    "content_encoding",
    [
        "GZIP",
        "Gzip",
        "x-gzip",
        "aws-chunked,gzip",
        "gzip, aws-chunked",
        "AWS-Chunked , GZip",
        "utf-8,gzip",
        "gzip,UTF-8",
        "identity,gzip,",
    ],
)
def test_names_of_codings_have_no_case_and_come_in_lists(content_encoding: str) -> None:
    assert (
        from_stored(StoredObject(gzip.compress(LARGE), content_encoding), PATH, budget()) == LARGE
    )


@pytest.mark.parametrize(
    "content_encoding", ["aws-chunked", "utf-8", "UTF8", "us-ascii", "Identity", " ", ",", "ASCII"]
)
def test_what_says_nothing_of_the_bytes_leaves_them(content_encoding: str) -> None:
    assert from_stored(StoredObject(LARGE, content_encoding), PATH, budget()) == LARGE


def test_codings_are_taken_off_in_the_opposite_order() -> None:
    body = zstandard.compress(gzip.compress(LARGE))
    assert from_stored(StoredObject(body, "gzip, zstd"), PATH, budget()) == LARGE
    with pytest.raises(UnreadableObjectError):
        from_stored(StoredObject(body, "zstd, gzip"), PATH, budget())


def test_zstd_in_several_writes_without_a_stated_size_is_read_whole() -> None:
    writer = zstandard.ZstdCompressor().compressobj()
    body = b"".join([writer.compress(LARGE), writer.compress(LARGE), writer.flush()])
    assert from_stored(StoredObject(body, "zstd"), PATH, budget()) == LARGE * 2


@pytest.mark.parametrize(
    "stored",
    [
        StoredObject(LARGE, "br"),
        StoredObject(LARGE, "utf-16"),
        StoredObject(LARGE, "gzip;q=1"),
        StoredObject(LARGE, "zstd"),
        StoredObject(LARGE, "gzip"),
        StoredObject(gzip.compress(LARGE), "zstd"),
        StoredObject(gzip.compress(LARGE)[:-20], "gzip"),
        StoredObject(zstandard.ZstdCompressor().compress(os.urandom(5_000))[:3_000], "zstd"),
        StoredObject(zstandard.compress(LARGE) * 2, "zstd"),
        StoredObject(WITHOUT_SIZE.compress(LARGE) * 2, "zstd"),
        StoredObject(WITHOUT_SIZE.compress(LARGE)[:-3], "zstd"),
        StoredObject(gzip.compress(LARGE) * 2, "gzip"),
        StoredObject(b"", "zstd"),
        StoredObject(b"", "gzip"),
    ],
    ids=[
        "unknown",
        "unknown charset",
        "with a parameter",
        "plain as zstd",
        "plain as gzip",
        "gzip as zstd",
        "half a gzip",
        "half a zstd",
        "two frames",
        "two frames without sizes",
        "half a frame without a size",
        "two members",
        "nothing as zstd",
        "nothing as gzip",
    ],
)
def test_wrong_or_unknown_encoding_is_an_error_that_names_the_object(stored: StoredObject) -> None:
    with pytest.raises(UnreadableObjectError) as caught:
        from_stored(stored, PATH, budget())
    assert caught.value.path == PATH
    assert not caught.value.retryable


@pytest.mark.parametrize("encoded", ["zstd", "gzip"])
def test_expansion_ends_where_the_budget_does(encoded: str) -> None:

    def bomb(size: int) -> StoredObject:
        zeros = b"\0" * size
        body = gzip.compress(zeros) if encoded == "gzip" else zstandard.compress(zeros)
        return StoredObject(body, encoded)

    assert len(from_stored(bomb(1_000_000), PATH, budget(1_000_000))) == 1_000_000
    with pytest.raises(StateTooLargeError):
        from_stored(bomb(1_000_001), PATH, budget(1_000_000))
