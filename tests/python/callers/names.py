"""Asks the SDK's module for images by odd names, and prints each answer on a line."""

import hashlib
import sys

import arvados
import arvados.commands.keepdocker as module
from told import told

PROJECT = "kdbox-j7d0g-000000000000001"
A = "sha256:" + "a" * 64

# What callers hand over: names, and the halves of names that were split at one of their colons.
NAMES = [
    (None, None), (None, "1"), ("", None), ("", "1"),
    ("seeded/dated", "1"), ("seeded/dated", "2"), ("seeded/dated", None), ("seeded/dated:1", None),
    ("seeded/dated:1", "1"), ("seeded/undated", None), ("seeded/undated", ""), ("seeded/undated", "latest"),
    ("seeded/trashed", "1"), ("seeded", "dated:1"), ("seeded/dated:", "1"), ("absent", None), ("absent/tool", "1"),
    # Registries with a port.
    ("registry.example", "1234/repo"), ("registry.example", "1234/repo:latest"),
    ("registry.example:1234/repo", None), ("registry.example:1234/repo", "latest"), ("registry.example:1234", "repo"),
    ("localhost", "5000/lab/tool"), ("localhost", "5000/lab/tool:1.0"), ("localhost:5000/lab/tool", None),
    ("localhost:5000/lab/tool", "1.0"), ("localhost", "5000"), ("[", ":1]:5000/tool"), ("reg.example", "443/tool"),
    # What the grammar of names does not allow.
    ("Lab/Tool", "1"), ("lab/tool", "1"), (" lab/tool", "1"), ("lab/tool", "1.0 "), ("lab/%", "1"), ("lab/tool", "%"),
    ("seeded/_ated", "1"), ("seeded/dated", "_"), ("--force", None), ("--", "1"), ("-h", None), ("--help", "--json"),
    ("--exact-name=seeded/dated:1", None), ("ünïcode/tool", "1"), ("two\nlines", "1"), ("quo\"te'", "\\"),
    ("x" * 3000, None), ("a" * 200, "1"), ("tag", "t" * 200), ("a", "b:c"), ("a:b", "c"), (":", ":"), ("@", "1"), (" ", " "),
    ("no-colon", None), ("no", "colon"), ("feature", "branch/with/slashes"),
    # IDs, and what is none.
    (A, None), (A, "latest"), (A, ""), (A[:30], None), (A.upper(), None), (A[len("sha256:"):], None), ("a" * 12, None),
    (A + "a", None), ("sha256:" + "f" * 64, None), ("sha256:" + "g" * 64, None), ("sha512:" + "a" * 64, None),
    ("d1d1d1d1d1d1", None), ("d1" * 32, None), ("D1" * 32, "x"),
    # What stands in the place of an image in registered workflows, and what might.
    ("fa3c1a9cb6783f85f2ecda037e07b8c3+167", None), ("kdbox-4zz18-000000000000001", None), ("../../etc/passwd", None),
]

# The SDK takes any text for the beginning of IDs, with wildcards: it answers with images that were not asked for.
PATTERNS = [("s", None), ("sha256", None), ("sha256:", None), ("sha256:a", None), ("%", None), ("_", None), ("SHA", "x"),
            ("sha256", "0" * 64), ("sha256", "a" * 64)]


api = arvados.api("v1")
for name, tag in PATTERNS if sys.argv[1:] == ["patterns"] else NAMES:
    shown = name if name is None or len(name) < 100 else hashlib.md5(name.encode()).hexdigest()
    for project in (None, PROJECT, "kdbox-j7d0g-zzzzzzzzzzzzzzz", ""):
        asked = lambda: module.list_images_in_arv(api, 3, name, tag, project)
        print(repr((shown, tag, project)), told(asked))
    # As arvados-cwl-runner and arv-copy call it.
    print(repr((shown, tag)), told(lambda: module.list_images_in_arv(api, 3, image_name=name, image_tag=tag)))
for retries in (0, 1, 3):
    print("retries", retries, told(lambda: module.list_images_in_arv(api, retries, "seeded/dated", "1")))
