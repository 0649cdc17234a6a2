"""The listing of images, in the form of the Arvados SDK."""

import datetime
import json
import re

from ._programs import Error, answer, program

SCHEMA = "keepdocker.images/1"

# Of docs/exit-codes.md.
NO_SUCH_IMAGE = 4
AMBIGUOUS_IMAGE = 5

# In bytes. Nobody has given an image a longer name, and the arguments of a program are limited.
LONGEST_NAME = 4096

# What can own a collection: a project or a user.
_OWNER = re.compile(r"[a-z0-9]{5}-(?:j7d0g|tpzed)-[a-z0-9]{15}\Z")


def list_images_in_arv(api_client, num_retries, image_name=None, image_tag=None, project_uuid=None):
    """Returns the images that the cluster has, the best match first.

    Each is a pair of the collection's UUID and a dict with ``collection``, ``dockerhash``, ``repo``, ``tag`` and
    ``timestamp``. What is not known is ``<unknown>`` or ``<none>``, as in the SDK. The cluster and
    token are those of ``api_client`` where it tells them, else those of the environment.

    A name is looked for as ``image_name:image_tag``, letter by letter, with the tag ``latest`` where none is
    given, so the halves of a name that was split at any of its colons find what the whole name does. Where no image
    has that name, the images are listed whose ID begins with ``image_name``. A text that is the name of no
    image, or can be none, is no error: the list is empty.

    Raises Error if the program cannot be run or fails.
    """
    # Nothing is owned by what is no UUID; the program would take an empty one for none at all, and others for names.
    if project_uuid is not None and not _OWNER.match(project_uuid):
        return []
    options = []
    if num_retries is not None:
        options.append("--retries=%d" % max(num_retries, 0))
    if project_uuid is not None:
        options.append("--project-uuid=%s" % project_uuid)
    if not image_name:
        return _images(api_client, options)
    name = "%s:%s" % (image_name, image_tag or "latest")
    if not _can_be_stored(name):
        return []
    images = _images(api_client, options + ["--exact-name=%s" % name])
    if images:
        return images
    beginning = _beginning_of_id(image_name, image_tag)
    if beginning is None:
        return []
    try:
        images = _images(api_client, options + ["--", beginning])
    except Error as problem:
        if problem.code == NO_SUCH_IMAGE:
            return []
        if problem.code != AMBIGUOUS_IMAGE:
            raise
        # People are asked which one they mean; the SDK has them all.
        images = _images(api_client, options)
    # The program also finds IDs by their digits alone, and by the digest of a manifest.
    return [image for image in images if image[1]["dockerhash"].lower().startswith(beginning)]


def _can_be_stored(name):
    """Tells whether a link can have the name: what is no text is no name."""
    try:
        return "\0" not in name and len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False


def _beginning_of_id(image_name, image_tag):
    """Returns the image ID, or the beginning of one, that the name can be, else None.

    The SDK takes any text for a pattern that IDs are compared with, so that for it `s` and `sha256` are the
    beginning of every ID, and the newest image of the cluster is what an absent one gets. Fewer than twelve digits
    are no ID here. An ID that was split at its colon is one.
    """
    text = image_name.lower()
    if text == "sha256" and image_tag:
        text = "%s:%s" % (text, image_tag.lower())
    return text if re.fullmatch("(sha256:)?[0-9a-f]{12,64}", text) else None


def _images(api_client, options):
    text = answer(program("KEEPDOCKER", "keepdocker"), ["images", "--json", "--quiet"] + options, api_client)
    try:
        listing = json.loads(text)
        if listing["schema"] != SCHEMA:
            raise Error("keepdocker answered in the form %r where %r is understood" % (listing["schema"], SCHEMA))
        return [(image["collection"], _entry(image)) for image in listing["images"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise Error("keepdocker answered something that is no listing: %s" % problem)


def _entry(image):
    return {
        "collection": image["collection"],
        "dockerhash": image["image"] or "<unknown>",
        "repo": image["repository"] or "<none>",
        "tag": image["tag"] or "<none>",
        "timestamp": _moment(image["timestamp"]),
    }


def _moment(text):
    """Returns an RFC 3339 time as a naive datetime in UTC, as the SDK has it."""
    date, zone = text, "+00:00"
    if text[-1:] in "zZ":
        date = text[:-1]
    elif len(text) > 6 and text[-6] in "+-" and text[-3] == ":":
        date, zone = text[:-6], text[-6:]
    whole, _, fraction = date.partition(".")
    moment = datetime.datetime.strptime(whole.replace("t", "T").replace(" ", "T"), "%Y-%m-%dT%H:%M:%S")
    moment += datetime.timedelta(microseconds=int((fraction + "000000")[:6] or 0))
    offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    try:
        return moment - offset if zone[0] == "+" else moment + offset
    except OverflowError:
        # A zone that leads out of the calendar, in the year 1 or 9999.
        return moment
