"""Has arvados-cwl-runner look for the images of workflows, each line of standard input being one case.

A line is a list of settings, a blank, and what the workflow says of its image. What a new collection holds is not
compared, so it is only said to be new.
"""

import logging
import sys

import arvados
import arvados_cwl.arvdocker

logging.disable(logging.CRITICAL)


class Settings:
    """What arv_docker_get_image reads of a workflow's settings."""

    project_uuid = None
    force_docker_pull = False
    tmp_outdir_prefix = "tmp"
    match_local_docker = False
    copy_deps = False

    def __init__(self, words):
        self.cached_docker_lookups = {}
        for word in filter(None, words.split(",")):
            name, _, value = word.partition("=")
            setattr(self, name, value or True)


api = arvados.api("v1")
known = {collection["portable_data_hash"] for collection in api.collections().list(limit=1000).execute()["items"]}
for line in sys.stdin:
    settings, _, image = line.rstrip("\n").partition(" ")
    try:
        found = arvados_cwl.arvdocker.arv_docker_get_image(api, {"dockerPull": image}, False, Settings(settings))
        print(line.strip(), found if found in known else "(new)")
    except Exception as problem:
        text = str(problem).splitlines()[-1]
        if "HttpError" in text or "exited with code" in text:
            text = "the upload failed"
        print(line.strip(), "raises", type(problem).__name__, text)
