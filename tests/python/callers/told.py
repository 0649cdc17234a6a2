"""Answers in a form that can be compared."""


def told(asked):
    """Returns what was answered, or which exception was raised."""
    try:
        images = asked()
    except Exception as problem:
        return "raises %s" % type(problem).__name__
    fields = ("collection", "dockerhash", "repo", "tag", "timestamp")
    return [(uuid,) + tuple(str(image[field]) for field in fields) for uuid, image in images]


def ending(run):
    """Returns the exit code with which a program's `main` ends."""
    try:
        return run() or 0
    except SystemExit as end:
        return end.code or 0
    except Exception:
        # With a traceback.
        return 1
