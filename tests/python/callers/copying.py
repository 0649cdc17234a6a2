"""Copies the images of workflows to another cluster with the functions of arv-copy, and prints what is there then."""

import argparse
import os

import arvados
import arvados.commands.arv_copy as arv_copy

source = arvados.api("v1")
target = arvados.api("v1", host=os.environ["TARGET_HOST"], token=os.environ["TARGET_TOKEN"], insecure=True)
settings = argparse.Namespace(
    retries=3, force=False, recursive=True, project_uuid=target.users().current().execute()["uuid"], progress=False,
    keep_block_copy=True, export_all_fields=False, replication=None, storage_classes=None, varying_url_params="",
    prefer_cached_downloads=False, source_arvados=None, destination_arvados=None)
link = source.links().list(filters=[["link_class", "=", "docker_image_repo+tag"], ["name", "=", "call/tool:1"]]).execute()
content = source.collections().get(uuid=link["items"][0]["head_uuid"]).execute()["portable_data_hash"]

# What arv-copy takes for the images of a workflow: a name up to its first colon, and the rest.
images = {}
workflow = [{"dockerPull": "call/tool:1"}, {"dockerImageId": "localhost:5000/call/tool:1"}, {"acrContainerImage": content},
            {"dockerPull": "absent/tool:1"}, {"dockerPull": "Lab/Tool:1"}, {"dockerPull": "seeded/absent"}]
for step in workflow:
    arv_copy.workflow_collections(step, {}, images)
for name, tag in images.items():
    try:
        arv_copy.copy_docker_image(name, tag, source, target, settings)
        print(name if name != content else "(content)", tag, "done")
    except BaseException as problem:
        print(name, tag, "raises", type(problem).__name__)
links = target.links().list(filters=[["link_class", "like", "docker_image_%"]], limit=1000).execute()["items"]
for name in sorted(link["name"] for link in links):
    print(name)
