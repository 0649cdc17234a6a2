// Loads keepdocker.wasm and answers what it imports, each function by its name.

import { resolve } from "node:path";
import { call, fromWasm, load, toCase, toWasm } from "./values.mjs";

// Returns an object whose method `run(command, request)` returns what the command answers.
// `answer(verb, ...request)` stands behind the imports; a verb is as in `archives.open`, and a handle
// is a number.
export async function host(folder, answer) {
  const asked = (verb) => (...request) => {
    const answered = answer(verb, ...request.map((value) => value?.handle ?? fromWasm(value)));
    if (answered === null) return undefined;
    // jco has an error thrown, and takes what is thrown for its value.
    if ("err" in answered) throw { payload: toCase(answered.err) };
    return toWasm(answered.ok);
  };
  // Whatever function of an interface is asked for, it is answered by its name; what is in `own` by itself.
  const bound = (name, own = {}) =>
    new Proxy(own, { get: (_, key) => own[key] ?? asked(`${name}.${key}`) });
  class Handle {
    constructor(handle) {
      this.handle = handle;
    }
  }
  class Archive extends Handle {
    static open(source) {
      return new Archive(asked("archives.open")(source));
    }
    images(wanted) {
      return asked("archives.images")(this, wanted);
    }
  }
  class Guard extends Handle {
    static acquire(image) {
      return new Guard(asked("locks.acquire")(image));
    }
  }
  const own = {
    archives: { Archive },
    registry: { fetch: (...request) => new Archive(asked("registry.fetch")(...request)) },
    locks: { Guard },
  };
  const imports = new Proxy({}, {
    get: (_, path) => bound(path.split("/")[1], own[path.split("/")[1]]),
  });
  const run = async (command, request) => {
    // One instance for one command.
    const { commands } = await load(resolve(folder), "keepdocker", imports);
    const answer = call(commands, "run", [toCase({ [command]: request })]);
    return "ok" in answer ? { ok: answer.ok[command] } : answer;
  };
  return { run };
}
