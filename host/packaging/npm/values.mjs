// Plain values to those of the component, and back. Each reader takes a value and what it is called, for an error.

const wrong = (where, wanted, value) =>
  new TypeError(`${where} must be ${wanted}, and is ${value === null ? "null" : `of the type ${typeof value}`}`);

export function text(value, where) {
  if (typeof value !== "string") throw wrong(where, "a text", value);
  return value;
}

function count(value, where) {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw wrong(where, "a number from 0 to 4294967295", value);
  return value;
}

const oneOf = (...words) => (value, where) => {
  if (!words.includes(value)) throw new TypeError(`${where} must be one of ${words.join(", ")}, and is ${JSON.stringify(value)}`);
  return value;
};

export const optional = (read) => (value, where) => (value === null || value === undefined ? undefined : read(value, where));

export const array = (read) => (value, where) => {
  if (!Array.isArray(value)) throw wrong(where, "an array", value);
  return value.map((item, place) => read(item, `${where}[${place}]`));
};

const record = (fields) => (value, where) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(where, "an object", value);
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) {
    throw new TypeError(`${where} has ${JSON.stringify(unknown)}; its fields are ${Object.keys(fields).join(", ")}`);
  }
  return Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, read(value[name], `${where}.${name}`)]));
};

// A list of names with JSON texts for the component, an object of any values here.
function properties(value, where) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(where, "an object", value);
  return Object.entries(value).map(([key, item]) => {
    const written = JSON.stringify(item);
    if (written === undefined) throw wrong(`${where}.${key}`, "a JSON value", item);
    return { key, value: written };
  });
}

export const link = record({
  uuid: text,
  class: oneOf("image-hash", "repo-tag", "migration"),
  name: text,
  head: text,
  tail: text,
  owner: text,
  properties,
  createdAt: text,
});

export const collection = record({ uuid: text, portableDataHash: text, manifest: text });

export const heldCollection = record({
  uuid: text,
  owner: text,
  portableDataHash: text,
  manifest: optional(text),
  replicas: optional(count),
  names: array(text),
});

export const registration = record({
  image: text,
  names: array(text),
  collection: text,
  owner: text,
  buildTime: optional(text),
});

/** Returns what the component answers as plain values: `null` for none, and properties as an object. */
export function plain(value) {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name === "properties" ? Object.fromEntries(item.map((one) => [one.key, JSON.parse(one.value)])) : plain(item),
    ]),
  );
}
