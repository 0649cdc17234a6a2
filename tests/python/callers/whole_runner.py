"""Runs arvados-cwl-runner as a whole, on a cluster that has no containers to run.

The program asks the cluster's description whether it has any, and the cluster whether it runs in one itself; all else
that is asked of it here, the images and the inputs of a workflow, needs none.
"""

import sys

import arvados
import arvados_cwl
import arvados_cwl.util

api = arvados.api("v1")
api._rootDesc["resources"].setdefault("containers", {"methods": {"create": {"httpMethod": "POST"}}})
arvados_cwl.util.get_current_container = lambda *_: None
sys.exit(arvados_cwl.main(sys.argv[1:], sys.stdout, sys.stderr, api_client=api))
