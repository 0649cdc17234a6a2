// The shapes of what goes in and comes out. A field is explained in the contract, `wit/planning.wit` and `wit/types.wit`.

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A name taken apart. */
export interface Name {
  kind: "name";
  repository: string;
  tag: string | null;
  digest: string | null;
  registered: string;
}

/** An image ID, or the first digits of one. */
export interface Id {
  kind: "id";
  full: string | null;
  beginnings: string[];
}

export type Reference = Name | Id;

export type LinkClass = "image-hash" | "repo-tag" | "migration";

/** A link as the server has it. */
export interface Link {
  uuid: string;
  class: LinkClass;
  name: string;
  head: string;
  /** Empty but for migration links. */
  tail: string;
  owner: string;
  properties: { [name: string]: Json };
  createdAt: string;
}

/** A link to be created. */
export interface NewLink {
  class: LinkClass;
  name: string;
  head: string;
  /** `null` for the home project of the user. */
  owner: string | null;
  properties: { [name: string]: Json };
}

/** One row of the listing. */
export interface ListedImage {
  repository: string | null;
  tag: string | null;
  image: string | null;
  collection: string;
  timestamp: string;
}

/** A collection that links may lead to. */
export interface Collection {
  uuid: string;
  portableDataHash: string;
  manifest: string;
}

/** The collections that a container request would get, or could. */
export interface Choice {
  collection: string;
  others: string[];
}

/** An image and what it is to be known by. */
export interface Registration {
  image: string;
  names: string[];
  collection: string;
  owner: string;
  buildTime?: string | null;
}

/** A collection that can be read, with what bears on its soundness. */
export interface HeldCollection {
  uuid: string;
  owner: string;
  portableDataHash: string;
  manifest?: string | null;
  replicas?: number | null;
  names: string[];
}

/** Something that is amiss. */
export interface Finding {
  /** A word of the contract, such as `orphan-name`. */
  defect: string;
  collection: string;
  name: string | null;
  links: string[];
  others: string[];
}

/** The interface that the component exports, with its version. */
export const CONTRACT: string;

/** The text names no image; the message is a sentence for people. */
export class InvalidReference extends Error {}

/** A container request gets no image. */
export class NoImage extends Error {
  reason: "no-such-image" | "unsupported-format";
}

/** Reads a repository, `repository:tag`, `repository@digest`, or an image ID; `tag` is one that stands beside the text. Throws `InvalidReference`. */
export function parseReference(text: string, tag?: string | null): Reference;

/** Puts the best link first: that of the latest build, then the latest made. */
export function sortLinks(links: Link[]): Link[];

/** Returns the rows of the listing that the links give, best first. The links are expected oldest first, and of one creation time by UUID. */
export function listImages(links: Link[]): ListedImage[];

/** Chooses among the collections as the API server does for a container request. Throws `NoImage`. */
export function choose(image: string, links: Link[], collections: Collection[], formats?: string[] | null): Choice;

/** Returns the usual name of the collection of an image. */
export function collectionName(repoTag: string | null | undefined, image: string): string;

/** Returns the links that the image still needs, in the order in which to create them. */
export function planLinks(registration: Registration, existing: Link[]): NewLink[];

/** Returns what is amiss with images: collection by collection, then name by name, then what is there twice. */
export function defects(links: Link[], collections: HeldCollection[], formats?: string[] | null, owner?: string | null): Finding[];
