"""Builds the recipe beside this file for an architecture: pack.py ARCHITECTURE VERSION TREE FOLDER; or tries a package: pack.py FILE.

No channel is asked: the recipe needs nothing to build, and nothing to run.
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rattler_build import Package, PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig

BUILD_PLATFORM = "linux-64"
PLATFORMS = {"x86_64": BUILD_PLATFORM, "aarch64": "linux-aarch64"}


def pack(architecture, version, tree, folder):
    os.environ.update(KEEPDOCKER_ARCHITECTURE=architecture, KEEPDOCKER_VERSION=version, KEEPDOCKER_TREE=tree)
    recipe = Stage0Recipe.from_file(Path(__file__).parent / "recipe.yaml")
    platform = PLATFORMS[architecture]
    config = RenderConfig(
        platform=PlatformConfig(target_platform=platform, build_platform=BUILD_PLATFORM, host_platform=platform)
    )
    (variant,) = recipe.render(VariantConfig(), config)
    with tempfile.TemporaryDirectory() as place:
        variant.run_build(
            # A package of another architecture cannot be tried; this one is later, from its file.
            tool_config=ToolConfiguration(test_strategy="skip"),
            output_dir=place,
            channels=[],
            no_build_id=True,
            package_format="conda",
            no_include_recipe=True,
        )
        (made,) = Path(place, platform).glob("*.conda")
        shutil.copyfile(made, Path(folder, made.name))


def test(file):
    """Installs the package in an environment of its own, where its recipe's tests run."""
    with tempfile.TemporaryDirectory() as channel:
        # A channel with nothing in it: without one, one of the network is asked.
        Path(channel, "noarch").mkdir()
        Path(channel, "noarch/repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
        results = Package.from_file(file).run_tests(channel=[f"file://{channel}"])
    if not results:
        sys.exit(f"{file} has no tests")
    for result in results:
        if not result.success:
            sys.exit("\n".join(result.output))


if len(sys.argv) == 2:
    test(sys.argv[1])
else:
    pack(*sys.argv[1:])
