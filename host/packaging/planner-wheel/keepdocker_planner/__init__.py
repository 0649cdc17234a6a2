"""The rules by which Arvados and keepdocker understand container images, with plain dictionaries in and out.

Each function is a decision of the program ``keepdocker``, taken by the same WebAssembly component, which reads no file and asks no
network: what it is not given does not exist for it. Fields are those of the contract with underscores; a field that may be ``None``
may be left out. ``properties`` is a dictionary of any JSON values.

The component may take 1 GiB of memory and computes a bounded time. The functions may be called from several threads, of which one
is served at a time.
"""

from ._component import CONTRACT, PlannerError, call, component
from ._types import (
    Choice,
    Collection,
    Finding,
    HeldCollection,
    Id,
    Link,
    ListedImage,
    Name,
    NewLink,
    Reference,
    Registration,
)

__all__ = [
    "CONTRACT",
    "Choice",
    "Collection",
    "Finding",
    "HeldCollection",
    "Id",
    "InvalidReference",
    "Link",
    "ListedImage",
    "Name",
    "NewLink",
    "NoImage",
    "PlannerError",
    "Reference",
    "Registration",
    "choose",
    "collection_name",
    "component",
    "defects",
    "list_images",
    "parse_reference",
    "plan_links",
    "sort_links",
]


class InvalidReference(ValueError):
    """The text names no image; the message is a sentence for people."""


class NoImage(LookupError):
    """A container request gets no image; ``reason`` is ``no-such-image`` or ``unsupported-format``."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def parse_reference(text: str, tag: "str | None" = None) -> Reference:
    """Reads a repository, ``repository:tag``, ``repository@digest``, or an image ID.

    The answer has ``kind``, which is ``name`` or ``id``, and the fields of that. ``tag`` is one that stands beside the text.

    Raises InvalidReference where the text is none.
    """
    kind, answer = call("parse-reference", text, tag)
    if kind == "err":
        raise InvalidReference(answer)
    return answer


def sort_links(links: "list[Link]") -> "list[Link]":
    """Puts the best link first: that of the latest build, then the latest made."""
    return call("sort-links", links)[1]


def list_images(links: "list[Link]") -> "list[ListedImage]":
    """Returns the rows of the listing that the links give, best first.

    The links are expected oldest first, and of one creation time by UUID.
    """
    return call("list-images", links)[1]


def choose(
    image: str, links: "list[Link]", collections: "list[Collection]", formats: "list[str] | None" = None
) -> Choice:
    """Chooses among the collections as the API server does for a container request.

    ``links`` are those that matter: names, image hashes, migrations. A link to a collection that is not among ``collections`` counts
    for nothing. ``formats`` are the image formats that the cluster runs, ``None`` if it does not say.

    Raises NoImage where a container request gets none.
    """
    kind, answer = call("choose", image, links, collections, formats)
    if kind == "err":
        raise NoImage(answer)
    return answer


def collection_name(repo_tag: "str | None", image: str) -> str:
    """Returns the usual name of the collection of an image."""
    return call("collection-name", repo_tag, image)[1]


def plan_links(registration: Registration, existing: "list[Link]") -> "list[NewLink]":
    """Returns the links that the image still needs, in the order in which to create them.

    Those of ``existing`` count that lead to this collection and belong to this owner.
    """
    return call("plan-links", registration, existing)[1]


def defects(
    links: "list[Link]",
    collections: "list[HeldCollection]",
    formats: "list[str] | None" = None,
    owner: "str | None" = None,
) -> "list[Finding]":
    """Returns what is amiss with images: collection by collection, then name by name, then what is there twice.

    ``owner`` is the user or project whose links are meant, and ``None`` for everybody's.
    """
    return call("defects", links, collections, formats, owner)[1]
