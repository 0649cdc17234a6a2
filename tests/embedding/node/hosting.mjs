// Loads keepdocker.wasm and answers what it imports, each function by its name.

import { resolve } from "node:path";
import { call, fromWasm, load, toCase, toWasm } from "./values.mjs";

const FUNCTIONS = {
  log: ["write"],
  cluster: ["get"],
  users: ["current"],
  projects: ["get"],
  engine: ["find", "pull"],
  keep: ["store", "fetch", "examine"],
  links: ["list", "create"],
  collections: ["list", "create", "update"],
  archives: ["forget"],
  registry: ["resolve", "fetch"],
};

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
  const imports = { "keepdocker:contract/api": {}, "keepdocker:contract/types": {} };
  for (const [name, functions] of Object.entries(FUNCTIONS)) {
    const bound = functions.map((key) => [key, asked(`${name}.${key}`)]);
    imports[`keepdocker:contract/${name}`] = Object.fromEntries(bound);
  }
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
  imports["keepdocker:contract/archives"].Archive = Archive;
  imports["keepdocker:contract/registry"].fetch = (...request) => new Archive(asked("registry.fetch")(...request));
  imports["keepdocker:contract/locks"] = { Guard };
  const run = async (command, request) => {
    // One instance for one command.
    const { commands } = await load(resolve(folder), "keepdocker", imports);
    return call(commands, command, [request]);
  };
  return { run };
}
