"""A program with loggers of its own that uploads an image, and ends as that does."""

import logging
import sys

import keepdocker

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(name)s %(levelname)s %(message)s")
keepdocker.main(sys.argv[1:])
