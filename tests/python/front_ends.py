"""Runs what arvados-cwl-runner and arv-copy do with images, on keepdocker's functions.

The cluster of the environment must hold the image `hello-world:latest`. Prints one JSON object.
"""

import io
import json
import logging
import sys

import arvados
import arvados.commands.keepdocker as sdk
import arvados_cwl.arvdocker
import keepdocker

logging.disable(logging.CRITICAL)


class Context:
    """What arv_docker_get_image reads of a workflow's settings."""

    project_uuid = None
    force_docker_pull = False
    tmp_outdir_prefix = "tmp"
    match_local_docker = False
    copy_deps = False

    def __init__(self):
        self.cached_docker_lookups = {}


api = arvados.api("v1")
of_sdk = sdk.list_images_in_arv(api, 3, "hello-world", "latest")
keepdocker.install()
of_ours = sdk.list_images_in_arv(api, 3, "hello-world", "latest")
output = io.StringIO()
try:
    sdk.main([], stdout=output, install_sig_handlers=False, api=api)
except SystemExit as end:
    code = end.code

json.dump({
    "same": [(uuid, image["dockerhash"], image["repo"], image["tag"], str(image["timestamp"])) for uuid, image in of_sdk]
            == [(uuid, image["dockerhash"], image["repo"], image["tag"], str(image["timestamp"])) for uuid, image in of_ours],
    "count": len(of_ours),
    "absent": sdk.list_images_in_arv(api, 3, "absent", "latest"),
    "pdh": arvados_cwl.arvdocker.arv_docker_get_image(api, {"dockerPull": "hello-world:latest"}, False, Context()),
    "code": code,
    "listing": output.getvalue(),
}, sys.stdout)
