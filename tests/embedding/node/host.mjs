// The smallest host of keepdocker.wasm: a cluster and an archive in memory.
//
// host.mjs FOLDER, where FOLDER is what `jco transpile --instantiation` makes of the component, lists
// the images, uploads one, lists again, and asks what its name leads to; prints each result as
// canonical JSON. Put real services in the place of these functions to make it useful.

import { host } from "./hosting.mjs";

const USER = "zzzzz-tpzed-000000000000001";
const AT = "2026-01-01T00:00:00Z";
const ID = "sha256:" + "0123456789abcdef".repeat(4);
const BLOCK = `0123456789abcdef0123456789abcdef+10240+A${"0".repeat(40)}@7fffffff`;
const IMAGE = {
  id: ID,
  manifest: null,
  "repo-tags": ["memory:1"],
  config: JSON.stringify({ created: AT }),
  "diff-ids": [ID],
  platform: { os: "linux", architecture: "amd64", variant: "" },
};
const HELD = {
  position: 0,
  group: 0,
  id: ID,
  manifest: null,
  indexes: [],
  "repo-tags": ["memory:1"],
  references: [],
  "base-layer": ID,
  platform: IMAGE.platform,
};

const links = [];
const collections = [];
const numbered = (kind, list) => `zzzzz-${kind}-${String(list.length).padStart(15, "0")}`;

function isNamed(link, names) {
  if (names === "all") return true;
  if ("exactly" in names) return names.exactly.includes(link.name);
  return link.name.startsWith(names["starting-with"]);
}

function isMeant(collection, which) {
  if ("uuids" in which) return which.uuids.includes(collection.uuid);
  if ("portable-data-hash" in which) return collection["portable-data-hash"] === which["portable-data-hash"];
  const { property, "property-starting-with": beginning } = which;
  const isIt = property
    ? ({ key, value }) => key === property.key && value === property.value
    : ({ key, value }) => key === beginning.key && value.startsWith(beginning.value.slice(0, -1));
  return collection.properties.some(isIt);
}

// Nothing here needs these: the image comes from an archive, and goes nowhere.
function absent() {
  throw new Error("this host does not have the function");
}

// Every function takes and returns JSON.
const capabilities = {
  log: { write: (level, message) => console.error(`${level}: ${message}`) },
  cluster: {
    get: () => ({ id: "zzzzz", "image-formats": ["v2"], "default-replication": 2, "slash-substitute": "" }),
  },
  users: { current: () => USER },
  projects: { get: (uuid) => ({ uuid, name: "", "group-class": null, writable: true }) },
  locks: { acquire: () => 1 },
  archives: { open: () => 1, images: () => ({ images: [HELD], signatures: [] }), forget: () => null },
  engine: { find: absent, pull: absent },
  registry: { resolve: absent, fetch: absent },
  keep: {
    fetch: absent,
    examine: absent,
    store: () => ({
      stored: {
        image: IMAGE,
        "loaded-as": null,
        blocks: [BLOCK],
        size: 10240,
        sent: 10240,
        reused: 0,
        layers: [{ "diff-id": ID, size: 5120, read: true }],
      },
    }),
  },
  links: {
    list: (query) =>
      links.filter(
        (link) =>
          query.classes.includes(link.class) &&
          isNamed(link, query.names) &&
          (query.heads === null || query.heads.includes(link.head)),
      ),
    create: (link) => {
      const { class: kind, name, head, properties } = link;
      const uuid = numbered("o0j2j", links);
      links.push({ uuid, class: kind, name, head, tail: "", owner: USER, properties, "created-at": AT });
      return links.at(-1);
    },
  },
  collections: {
    list: ({ which }) => collections.filter((collection) => isMeant(collection, which)),
    create: ({ name, properties, manifest, replicas, "storage-classes": classes }) => {
      const uuid = numbered("4zz18", collections);
      const content = `${"d".repeat(32)}+100`;
      const storage = { replicas, "storage-classes": classes };
      const rest = { "portable-data-hash": content, "created-at": AT, properties, ...storage, manifest };
      collections.push({ uuid, owner: USER, name, ...rest });
      return collections.at(-1);
    },
    update: (change) => {
      const one = collections.find(({ uuid }) => uuid === change.collection);
      const kept = one.properties.filter(({ key }) => key !== "docker-image-repo-tag");
      one.properties = [...kept, { key: "docker-image-repo-tag", value: change["repo-tag"] }];
    },
  },
};

const answer = (verb, ...request) => {
  const [name, key] = verb.split(".");
  const value = capabilities[name][key](...request);
  return name === "log" ? null : { ok: value ?? null };
};

const { run } = await host(process.argv[2], answer);
const everything = { project: null, image: null, tag: null, "exact-name": null };
const upload = {
  origin: "given", image: null, tag: null, selection: null, platform: null, project: null, name: null, pull: "never", force: false,
  "force-image-format": false, form: "canonical", "block-layout": "layered", replicas: null, "storage-classes": [],
  reuse: "readable", verify: "config", resume: false,
  "named-by": "config",
};
for (const [command, argument] of [
  ["images", everything],
  ["upload", upload],
  ["upload", upload],
  ["images", everything],
  ["resolve", "memory:1"],
]) {
  console.log(JSON.stringify(await run(command, argument)));
}
