// Values of WIT as canonical JSON, and back. See `docs/embedding.md` for the form.

import { readFileSync } from "node:fs";
import { join } from "node:path";

// Of the functions that are exported only these return no result; of a result, jco throws the payload of an error.
const INFALLIBLE = new Set(["sort-links", "list-images", "collection-name", "plan-links", "defects"]);

const modules = new Map();

/** Instantiates what `jco transpile --instantiation` wrote, with these imports. */
export async function load(folder, name, imports) {
  const { instantiate } = await import(join(folder, `${name}.js`));
  const compile = (file) => {
    const path = join(folder, file);
    if (!modules.has(path)) modules.set(path, WebAssembly.compile(readFileSync(path)));
    return modules.get(path);
  };
  return instantiate(compile, imports);
}

/** Calls an exported function with arguments in JSON, and returns its result in JSON. */
export function call(instance, name, values) {
  const run = () => instance[camel(name)](...values.map(toWasm));
  if (INFALLIBLE.has(name)) return fromWasm(run());
  try {
    return { ok: fromWasm(run()) };
  } catch (error) {
    if (error.payload === undefined) throw error;
    return { err: fromWasm(error.payload) };
  }
}

/** Turns JSON into what jco takes: camel case, and undefined for none. */
export function toWasm(value) {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(toWasm);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [camel(key), toWasm(field)]));
}

/** Turns the JSON of an error, which is a case of a variant, into what jco takes. */
export function toCase(value) {
  if (typeof value === "string") return { tag: value };
  const [[tag, payload]] = Object.entries(value);
  // Of all payloads of errors, this one alone is a case itself.
  return { tag, val: tag === "archive" ? toCase(payload) : toWasm(payload) };
}

/** Turns what jco returns into JSON: the contract's names, and null for none. */
export function fromWasm(value) {
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(fromWasm);
  if (value === null || typeof value !== "object") return value;
  if ("tag" in value && Object.keys(value).every((key) => key === "tag" || key === "val")) {
    return "val" in value && value.val !== undefined ? { [value.tag]: fromWasm(value.val) } : value.tag;
  }
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [kebab(key), fromWasm(field)]));
}

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
