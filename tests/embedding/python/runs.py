"""Runs the component on recorded answers: runs.py KEEPDOCKER.wasm RUNS.

Reads one run a line, gives the component the request and the answers, and prints the line as it
comes out here: what the component asked for, in which order, and what came of it.
"""
import json
import sys

from hosting import Host


class Recording:
    """Answers as recorded, whatever it is asked, and notes what that was."""

    def __init__(self):
        self.answers, self.calls = iter(()), []

    def answer(self, verb, *request):
        answer = next(self.answers)
        self.calls.append({"verb": verb, "request": request, "answer": answer})
        return answer


def main(file, runs):
    recording = Recording()
    host = Host(file, recording.answer)
    with open(runs, encoding="utf-8") as lines:
        for line in lines:
            run = json.loads(line)
            recording.answers = iter([call["answer"] for call in run["calls"]])
            recording.calls = []
            run["result"] = host.call(run["command"], run["request"])
            run["calls"] = recording.calls
            print(json.dumps(run, ensure_ascii=False, separators=(",", ":"), sort_keys=True))


main(*sys.argv[1:])
