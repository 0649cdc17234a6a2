"""The shapes of what goes in and comes out. A field is explained in the contract, ``wit/planning.wit`` and ``wit/types.wit``."""

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union


class Name(TypedDict):
    """A name taken apart."""

    kind: Literal["name"]
    repository: str
    tag: Optional[str]
    digest: Optional[str]
    registered: str


class Id(TypedDict):
    """An image ID, or the first digits of one."""

    kind: Literal["id"]
    full: Optional[str]
    beginnings: List[str]


Reference = Union[Name, Id]

LinkClass = Literal["image-hash", "repo-tag", "migration"]

# `class` is no name in Python, hence this form.
Link = TypedDict(
    "Link",
    {
        "uuid": str,
        "class": LinkClass,
        "name": str,
        "head": str,
        "tail": str,
        "owner": str,
        "properties": Dict[str, Any],
        "created_at": str,
    },
)

NewLink = TypedDict(
    "NewLink",
    {"class": LinkClass, "name": str, "head": str, "owner": Optional[str], "properties": Dict[str, Any]},
)


class ListedImage(TypedDict):
    """One row of the listing."""

    repository: Optional[str]
    tag: Optional[str]
    image: Optional[str]
    collection: str
    timestamp: str


class Collection(TypedDict):
    """A collection that links may lead to."""

    uuid: str
    portable_data_hash: str
    manifest: str


class Choice(TypedDict):
    """The collections that a container request would get, or could."""

    collection: str
    others: List[str]


class _Registration(TypedDict):
    image: str
    names: List[str]
    collection: str
    owner: str


class Registration(_Registration, total=False):
    """An image and what it is to be known by."""

    build_time: Optional[str]


class _HeldCollection(TypedDict):
    uuid: str
    owner: str
    portable_data_hash: str
    names: List[str]


class HeldCollection(_HeldCollection, total=False):
    """A collection that can be read, with what bears on its soundness."""

    manifest: Optional[str]
    replicas: Optional[int]


class Finding(TypedDict):
    """Something that is amiss; ``defect`` is a word of the contract, such as ``orphan-name``."""

    defect: str
    collection: str
    name: Optional[str]
    links: List[str]
    others: List[str]
