// The planner in the page: the component's own bytes, of which its core modules are taken and compiled.

/** Returns the bytes that a text in base64 stands for. */
function decoded(base64) {
  return Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
}

/** Returns the core modules of a component, in order: its sections of kind 1. */
function coreModules(component) {
  const modules = [];
  let place = 8;
  while (place < component.length) {
    const kind = component[place];
    let length = 0;
    let shift = 0;
    let byte;
    do {
      place += 1;
      byte = component[place];
      length += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    place += 1;
    if (kind === 1) modules.push(component.subarray(place, place + length));
    place += length;
  }
  return modules;
}

/** Makes an instance of the planner. It imports nothing. */
async function planner() {
  const modules = coreModules(decoded(document.getElementById("planner").textContent));
  const number = (name) => Number(/core(\d*)\.wasm$/.exec(name)[1] || 1) - 1;
  const { planning } = await instantiate((name) => WebAssembly.compile(modules[number(name)]), {});
  return planning;
}

/** Asks which collection a container request gets for a text: that, and the others that match, or why there is none. */
function choose(planning, data, name) {
  const collections = data.collections.map(({ uuid, hash, manifest }) => ({
    uuid,
    portableDataHash: hash,
    manifest: manifest ?? "",
  }));
  try {
    return planning.choose(name, data.links, collections, data.formats ?? undefined);
  } catch (error) {
    if (error.payload === undefined) throw error;
    return { none: error.payload };
  }
}
