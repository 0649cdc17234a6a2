// Asks the npm package of the planner every case of the corpus: packaged.mjs CASES.
//
// Runs in the folder where the package is installed. Prints how many answers were those of the corpus, and each that was not.

import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const installed = createRequire(`${process.cwd()}/`).resolve("keepdocker-planner");
const planner = await import(pathToFileURL(installed));

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/** Turns a value of the corpus into what the package takes and gives. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      camel(name),
      name === "properties" ? Object.fromEntries(item.map((one) => [one.key, JSON.parse(one.value)])) : plain(item),
    ]),
  );
}

/** Returns what the function returns, or the error that it throws. */
function expected(name, result) {
  if (name !== "parse-reference" && name !== "choose") return plain(result);
  if ("err" in result) return [name === "choose" ? "NoImage" : "InvalidReference", result.err];
  if (name === "choose") return plain(result.ok);
  const [[kind, fields]] = Object.entries(result.ok);
  return { kind, ...plain(fields) };
}

function answer(name, values) {
  try {
    return planner[camel(name)](...values);
  } catch (error) {
    if (!(error instanceof planner.InvalidReference) && !(error instanceof planner.NoImage)) throw error;
    return [error.name, error.message];
  }
}

let same = 0;
for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  if (line === "") continue;
  const recorded = JSON.parse(line);
  const found = answer(recorded.function, plain(recorded.arguments));
  const wanted = expected(recorded.function, recorded.result);
  try {
    assert.deepStrictEqual(found, wanted);
    same += 1;
  } catch (error) {
    console.log(`${line}\n${error.message}`);
  }
}

// What a caller does wrong is told with its place.
const link = { uuid: "u", class: "repo-tag", name: "a:1", head: "h", tail: "", owner: "o", properties: {}, createdAt: "t" };
const { owner, ...ownerless } = link;
for (const [call, words] of [
  [() => planner.sortLinks([link, { ...link, headUuid: "h" }]), 'links[1] has "headUuid"'],
  [() => planner.sortLinks([ownerless]), "links[0].owner must be a text"],
  [() => planner.sortLinks([{ ...link, class: "other" }]), "links[0].class must be one of image-hash"],
  [() => planner.sortLinks([{ ...link, properties: { a: undefined } }]), "links[0].properties.a must be a JSON value"],
  [() => planner.listImages("links"), "links must be an array"],
  [() => planner.parseReference(null), "text must be a text"],
]) {
  assert.throws(call, (error) => error instanceof TypeError && error.message.startsWith(words), words);
}

// Each function that the types name is there, and no other.
const types = readFileSync(new URL("index.d.ts", pathToFileURL(installed)), "utf8");
const named = [...types.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
assert.deepStrictEqual(named.sort(), Object.keys(planner).sort());

console.log(`${same} answers`);
