"""Asks the wheel of the planner every case of the corpus: packaged.py CASES.

Runs where the wheel is installed. Prints how many answers were those of the corpus, and each that was not.
"""
import json
import sys

import keepdocker_planner as planner


def plain(value):
    """Turns a value of the corpus into what the wheel takes and gives."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and set(item) == {"key", "value"} for item in value):
            return {item["key"]: json.loads(item["value"]) for item in value}
        return [plain(item) for item in value]
    if isinstance(value, dict):
        fields = {name.replace("-", "_"): plain(item) for name, item in value.items()}
        # Where there are no properties, nothing else tells what they are.
        if fields.get("properties") == []:
            fields["properties"] = {}
        return fields
    return value


def expected(name, result):
    """Returns what the function returns, or the error that it raises."""
    result = plain(result)
    if name not in ("parse-reference", "choose"):
        return result
    if "err" in result:
        return {"parse-reference": "InvalidReference", "choose": "NoImage"}[name], result["err"]
    if name == "choose":
        return result["ok"]
    (kind, fields), = result["ok"].items()
    return {"kind": kind, **fields}


def answer(name, arguments):
    try:
        return getattr(planner, name.replace("-", "_"))(*arguments)
    except (planner.InvalidReference, planner.NoImage) as error:
        return type(error).__name__, str(error)


def refusals():
    """What a caller does wrong is told with its place."""
    link = {"uuid": "u", "class": "repo-tag", "name": "a:1", "head": "h", "tail": "", "owner": "o", "properties": {}, "created_at": "t"}
    wrong = [
        (lambda: planner.sort_links([link, {**link, "head_uuid": "h"}]), "links[1] has 'head_uuid'"),
        (lambda: planner.sort_links([{k: v for k, v in link.items() if k != "owner"}]), "links[0] has no 'owner'"),
        (lambda: planner.sort_links([{**link, "class": "other"}]), "links[0].class must be one of image-hash"),
        (lambda: planner.sort_links([{**link, "properties": {"a": {1}}}]), "links[0].properties['a'] is no JSON value"),
        (lambda: planner.list_images("links"), "links must be a list"),
        (lambda: planner.parse_reference(None), "text must be a text"),
    ]
    for call, words in wrong:
        try:
            call()
        except (TypeError, ValueError) as error:
            assert str(error).startswith(words), error
        else:
            raise AssertionError(words)


def main(cases):
    same = 0
    with open(cases, encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            found = answer(case["function"], plain(case["arguments"]))
            wanted = expected(case["function"], case["result"])
            if found == wanted:
                same += 1
            else:
                print(f"{line}    wanted {wanted}\n    found  {found}")
    refusals()
    print(f"{same} answers")


main(*sys.argv[1:])
