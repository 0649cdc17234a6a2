// What follows from the data of the page: which blocks images have, and what they share. Nothing is shown here.

/** Returns the blocks of a manifest with their sizes, each once, and the bytes of its files. */
function contents(manifest) {
  const blocks = new Map();
  let size = 0;
  for (const line of (manifest ?? "").split("\n")) {
    for (const word of line.split(" ").slice(1)) {
      const block = /^([0-9a-f]{32})\+(\d+)$/.exec(word);
      const segment = /^\d+:(\d+):/.exec(word);
      if (block) blocks.set(word, Number(block[2]));
      else if (segment) size += Number(segment[1]);
    }
  }
  return { blocks, size };
}

/** Returns what there is to say of each image, and of all of them together. */
function survey(data) {
  const users = new Map();
  const images = data.collections.map((collection) => ({ ...collection, ...contents(collection.manifest), names: [] }));
  const byUuid = new Map(images.map((image) => [image.uuid, image]));
  const contentsSeen = new Set();
  for (const image of images) {
    // The same content by another collection shares all, and is no other image.
    if (contentsSeen.has(image.hash)) continue;
    contentsSeen.add(image.hash);
    for (const block of image.blocks.keys()) users.set(block, (users.get(block) ?? 0) + 1);
  }
  let stored = 0;
  const counted = new Set();
  for (const image of images) {
    image.own = 0;
    image.bytes = 0;
    for (const [block, size] of image.blocks) {
      image.bytes += size;
      if (users.get(block) === 1) image.own += size;
      if (counted.has(block)) continue;
      counted.add(block);
      stored += size;
    }
  }
  for (const link of data.links) {
    const image = byUuid.get(link.head);
    if (image === undefined) continue;
    const built = link.properties.find((property) => property.key === "image_timestamp");
    image.built ??= built && text(built.value);
    if (link.class === "repo-tag" && !image.names.includes(link.name)) image.names.push(link.name);
    if (link.class === "image-hash") image.id ??= link.name;
  }
  const unshared = images.reduce((sum, image) => sum + image.size, 0);
  return { images, byUuid, stored, unshared };
}

/** Returns the text that a JSON value is, or nothing. */
function text(json) {
  try {
    const value = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a number of bytes as a person reads it. */
function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? count : count.toFixed(1)} ${units[unit]}`;
}

/** Returns the day of a time. */
function day(time) {
  return (time ?? "").slice(0, 10);
}

/** Returns the links by which a text means images, as the server reads it: those that have it for a name, else those of IDs that begin so. */
function matching(data, text) {
  const [name] = text.split(":");
  const named = text.includes(":") ? text : `${text}:latest`;
  const links = data.links.filter((link) => link.class === "repo-tag" && link.name === named);
  if (links.length > 0) return links;
  return data.links.filter((link) => link.class === "image-hash" && link.name.startsWith(name));
}

/** Returns when a collection was built and linked, in seconds, by the oldest of its links, which decides. */
function oldest(links, uuid) {
  const seconds = (text) => Math.floor((Date.parse(text ?? "") || 0) / 1000);
  const built = (link) => {
    const property = link.properties.find(({ key }) => key === "image_timestamp");
    return property === undefined ? 0 : seconds(JSON.parse(property.value));
  };
  const own = links.filter((link) => link.head === uuid).map((link) => ({ made: Date.parse(link.createdAt), link }));
  own.sort((a, b) => a.made - b.made);
  return own.length === 0 ? undefined : { built: built(own[0].link), made: Math.floor(own[0].made / 1000) };
}
