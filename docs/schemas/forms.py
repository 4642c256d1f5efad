"""The forms in which values stand in a bag and in S3, for their schemas alone.

docs/formats.md explains them, tests/docs/test_schemas.py holds them to what the code writes and
refuses; nothing at run time reads them.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Json: TypeAlias = Any
Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
Elements: TypeAlias = Annotated[int, Field(ge=1, lt=2**53)]
Height: TypeAlias = Annotated[int, Field(ge=1, le=64, description="Levels below.")]
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

# To some, `$` is also before a line feed that ends the text.
_CONTENT_PATH = r"^s3://[a-z0-9][a-z0-9.-]+/([^\n]*/)?v1/[^/]+/packs/[0-9a-f]{64}$(?!\n)"
ContentPath: TypeAlias = Annotated[
    str,
    Field(
        description="`s3://<bucket>/<prefix>v1/<execution>/packs/<digest of the stored bytes>`.",
        json_schema_extra={"pattern": _CONTENT_PATH},  # pydantic's own has no look-ahead
    ),
]


Place: TypeAlias = Annotated[
    tuple[Count, Elements],
    Field(description="Where the document begins in its pack, and its bytes there."),
]
PlaceDigest: TypeAlias = Annotated[Digest, Field(description="SHA-256 of those bytes.")]


class Closed(BaseModel):
    """A form with these keys and no other."""

    model_config = ConfigDict(extra="forbid")


class Open(BaseModel):
    """A form that may have other keys too, now or later."""

    model_config = ConfigDict(extra="allow")


_PREVIEW = "What the value looks like, cut and masked, where `preview_paths` asks for it."


class ValuePointer(Closed):
    """Stands for a value whose JSON is the object."""

    mark: Literal[True] = Field(alias="__s3_offloaded")
    version: Literal[1] = Field(alias="__v")
    kind: Literal["value"] = Field(alias="__kind")
    path: ContentPath = Field(alias="__s3_path")
    place: Place = Field(alias="__range")
    digest: PlaceDigest = Field(alias="__sha256")
    size: Count = Field(alias="__size_bytes", description="Bytes of the value as compact JSON.")
    preview: Json = Field(default=None, alias="__preview", description=_PREVIEW)


class TreePointer(Open):
    """Stands for a list or a map in pages. Other keys are copies of parts of the value."""

    mark: Literal[True] = Field(alias="__s3_offloaded")
    version: Literal[1] = Field(alias="__v")
    kind: Literal["list", "map"] = Field(alias="__kind")
    path: ContentPath = Field(alias="__s3_path")
    place: Place = Field(alias="__range")
    digest: PlaceDigest = Field(alias="__sha256")
    size: Count = Field(
        alias="__size_bytes",
        description="Bytes of the value as compact JSON, with all it points to in its place.",
    )
    count: Count = Field(alias="__count", description="Elements, or keys.")
    preview: Json = Field(default=None, alias="__preview", description=_PREVIEW)


Pointer: TypeAlias = ValuePointer | TreePointer


class ListPage(Closed):
    """Elements of a list."""

    version: Literal[1] = Field(alias="__page")
    kind: Literal["list"]
    height: Literal[0]
    items: list[Json]
    marks: str = Field(default="", description="Base64 of the marks of the elements in a row.")


class MapPage(Closed):
    """Keys of a map with their values."""

    version: Literal[1] = Field(alias="__page")
    kind: Literal["map"]
    height: Literal[0]
    items: dict[str, Json]
    order: list[Count] = Field(
        default=[],
        description="Position of each key among all keys of the map, its keys taken in the order"
        " of their code points; without it the page is the whole map.",
    )


Page: TypeAlias = ListPage | MapPage

Pack: TypeAlias = Literal[""] | Digest | ContentPath
Row: TypeAlias = tuple[Pack, Count, Elements, Digest, Elements, Count, Count]
MarkedRow: TypeAlias = tuple[
    Pack, Count, Elements, Digest, Elements, Count, Count, Literal[""], str
]
KeyedRow: TypeAlias = tuple[Pack, Count, Elements, Digest, Elements, Count, Count, str, Literal[""]]


class ListIndex(Closed):
    """The pages, or index objects, of a list. The columns of a row: docs/formats.md."""

    version: Literal[1] = Field(alias="__page")
    kind: Literal["list"]
    height: Height
    children: list[Row] = Field(min_length=1)


class MarkedListIndex(Closed):
    """The same of a marked list."""

    version: Literal[1] = Field(alias="__page")
    kind: Literal["list"]
    height: Height
    marks: Literal[""]
    children: list[Row | MarkedRow] = Field(min_length=1)


class MapIndex(Closed):
    """The same of a map."""

    version: Literal[1] = Field(alias="__page")
    kind: Literal["map"]
    height: Height
    children: list[Row | KeyedRow] = Field(min_length=1)


IndexObject: TypeAlias = ListIndex | MarkedListIndex | MapIndex


class PackedValue(Closed):
    """A value in the bag as the base64 of its gzipped JSON."""

    text: str = Field(alias="__gzip_base64", json_schema_extra={"contentEncoding": "base64"})
    size: int = Field(
        alias="__size_bytes", gt=0, le=16 * 1024 * 1024, description="Bytes of the JSON."
    )


_IN_PARENT = "What a branch that was an execution of its own took of its parent's history."


class Snapshot(Open):
    """A bag as it was at one moment."""

    snapshot_id: str
    snapshot_type: Literal["pre", "post", "continuation", "failure", "branch"]
    execution_id: str
    created_at: str | None = Field(description="`last_update_time` of the bag.")
    state_data: dict[str, Json]


class BranchPointer(Open):
    """What a branch ends as."""

    branch_id: str | None
    status: str = Field(description="`COMPLETE`, `FAILED`, or another `next_action`.")
    s3_path: ContentPath = Field(description="Of the branch's bag.")
    state_revision: int | None
    segments_run: int | None
    waits: int = Field(default=0, description="For a time or an answer; left out where none.")
    segments_in_parent: int | None = Field(default=None, description=_IN_PARENT)


class StagedItems(Open):
    """Where the items of a Distributed Map are: a JSON array in S3, or a list of Parquet files."""

    bucket: str
    key: str
    input_type: Literal["JSON", "PARQUET"] = Field(
        description="Of Parquet the object is a manifest: the path of a file in each line."
    )
    count: int | None = Field(description="Null where the caller had staged them.")
    max_concurrency: int = Field(description="How many may run at once.")
    items_per_batch: int = Field(description="How many each child is given, in a list; 1 as it is.")


class Continuation(Open):
    """What the next execution of a workflow is started with."""

    name: str = Field(max_length=80, description="Of the execution to start.")
    resume_from: ContentPath = Field(description="Of a snapshot of the bag.")


class Failure(Open):
    """How an execution, or a branch, ended."""

    error: str = Field(description="Without `States.` before it.")
    cause: str = Field(description="Short; ends with `[record: <path>]`.")
    record_s3_path: ContentPath
    branch_id: str | None = Field(default=None, description="Null outside of branches.")
    segments_run: int | None = None
    waits: int = Field(default=0, description="Of a branch.")
    segments_in_parent: int | None = Field(default=None, description=_IN_PARENT)


class FailureRecord(Open):
    """What a failed execution leaves; `resume_from` takes its path. Has the bag's history, too."""

    failure_record: Literal[1]
    error: str
    cause: Json = Field(description="The whole cause, as JSON where it is JSON.")
    execution_id: str
    snapshot_s3_path: ContentPath | None = Field(description="Null: the execution had no bag yet.")
    stage: str | None = None
    failed_at: str | None = None
    execution_arn: str | None = None


class Offloaded(Closed):
    """A value that a bag points to."""

    field: str = Field(description="A field of the bag, or `current_state.<name>`.")
    bytes: Count


class EndedRecord(Open):
    """One line of JSON about an execution that has ended. Every field is there, and no state."""

    ended_record: Literal[1]
    execution_arn: str
    execution_id: str = Field(description="The execution that began the state it worked on.")
    execution_chain: list[str] = Field(description="Those that worked on that state, in order.")
    continued_as: str | None = Field(description="Name of the execution that goes on with it.")
    state_machine_arn: str | None
    name: str
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "UNKNOWN"] = Field(
        description="`UNKNOWN`: Step Functions had forgotten it when the end was recorded."
    )
    next_action: str | None = Field(description="Of the bag, such as `COMPLETE` or `HALTED`.")
    error: str | None
    stage: str | None = Field(description="What failed.")
    record_s3_path: ContentPath | None = Field(description="Of the failure record.")
    started_at: str | None
    ended_at: str
    seconds: float | None
    segments_run: Count | None
    total_segments: Count | None
    state_revision: Count | None
    failed_segments: Count
    input_bytes: Count | None
    output_bytes: Count | None
    bag_bytes: Count | None
    offloaded: list[Offloaded] = Field(description="The 50 largest.")
