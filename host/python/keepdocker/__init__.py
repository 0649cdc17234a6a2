"""Lets Python programs of Arvados list and upload images through keepdocker.

``arvados-cwl-runner`` and ``arv-copy`` import two functions of the Arvados SDK's module
``arvados.commands.keepdocker``: ``list_images_in_arv`` and ``main``. This module has both, with the
same signatures, and runs our programs for them. ``install()`` puts them into the SDK's module, so
that those programs use them without a change.

The programs are sought on ``PATH``; the environment variables ``KEEPDOCKER`` and
``ARV_KEEPDOCKER`` name others.
"""

import datetime
import json
import os
import subprocess
import sys

__all__ = ["Error", "install", "list_images_in_arv", "main"]

SCHEMA = "keepdocker.images/1"


class Error(Exception):
    """keepdocker could not be run, or failed; the text is what it told the user."""


def list_images_in_arv(api_client, num_retries, image_name=None, image_tag=None, project_uuid=None):
    """Returns the images that the cluster has, the best match first.

    Each is a pair of the collection's UUID and a dict with ``collection``, ``dockerhash``, ``repo``, ``tag`` and
    ``timestamp``. What is not known is ``<unknown>`` or ``<none>``, as in the SDK. The cluster and
    token are those of ``api_client`` where it tells them, else those of the environment.

    Raises Error if the program cannot be run or fails. An image that is not there is no error: the
    list is empty.
    """
    command = [_program("KEEPDOCKER", "keepdocker"), "images", "--json", "--quiet"]
    if num_retries is not None:
        command.append("--retries=%d" % num_retries)
    if project_uuid is not None:
        command.append("--project-uuid=%s" % project_uuid)
    if image_name:
        # The name may look like an option.
        command += ["--", image_name]
        if image_tag:
            command.append(image_tag)
    answer = _run(command, _environment(api_client))
    try:
        listing = json.loads(answer)
        if listing["schema"] != SCHEMA:
            raise Error("keepdocker answered in the form %r where %r is understood" % (listing["schema"], SCHEMA))
        return [(image["collection"], _listing(image)) for image in listing["images"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise Error("keepdocker answered something that is no listing: %s" % problem)


def main(arguments=None, stdout=sys.stdout, stderr=sys.stderr, install_sig_handlers=True, api=None):
    """Runs ``arv-keepdocker`` with the arguments and ends like it, with SystemExit.

    ``install_sig_handlers`` is accepted and has no effect: the program handles its own signals.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    command = [_program("ARV_KEEPDOCKER", "arv-keepdocker")] + list(arguments)
    try:
        ended = subprocess.run(command, env=_environment(api), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=None if _is_process_stderr(stderr) else subprocess.PIPE)
    except OSError as problem:
        raise Error("cannot run %s: %s" % (command[0], problem))
    stdout.write(ended.stdout.decode("utf-8", "replace"))
    if ended.stderr is not None:
        stderr.write(ended.stderr.decode("utf-8", "replace"))
    code = ended.returncode
    # Like a shell, tell of a signal by a number above 128.
    raise SystemExit(code if code >= 0 else 128 - code)


def install():
    """Makes the SDK's module use the functions of this one."""
    import arvados.commands.keepdocker as module
    module.list_images_in_arv = list_images_in_arv
    module.main = main


def _program(variable, name):
    return os.environ.get(variable) or name


def _run(command, environment):
    try:
        ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as problem:
        raise Error("cannot run %s: %s" % (command[0], problem))
    if ended.returncode != 0:
        raise Error(ended.stderr.decode("utf-8", "replace").strip() or "%s failed with status %d" % (command[0], ended.returncode))
    return ended.stdout.decode("utf-8")


def _environment(api_client):
    """Returns the environment for our program, with the client's cluster and token in it."""
    environment = dict(os.environ)
    token = getattr(api_client, "api_token", None)
    url = getattr(api_client, "_rootDesc", None)
    host = url.get("rootUrl") if isinstance(url, dict) else None
    if isinstance(token, str) and token and isinstance(host, str) and host.startswith("https://"):
        environment["ARVADOS_API_HOST"] = host[len("https://"):].rstrip("/")
        environment["ARVADOS_API_TOKEN"] = token
    if getattr(api_client, "insecure", False) is True:
        environment["ARVADOS_API_HOST_INSECURE"] = "true"
    return environment


def _is_process_stderr(stream):
    try:
        return stream.fileno() == 2
    except (AttributeError, OSError, ValueError):
        return False


def _listing(image):
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
