// The rules by which Arvados and keepdocker understand container images; index.d.ts says what each function takes and answers.

import { planning } from "./planner/keepdocker-planner.js";
import { array, collection, heldCollection, link, optional, plain, registration, text } from "./values.mjs";

/** The interface that the component exports, with its version. */
export const CONTRACT = "keepdocker:contract/planning@0.1.0";

/** The text names no image; the message is a sentence for people. */
export class InvalidReference extends Error {
  name = "InvalidReference";
}

/** A container request gets no image; `reason` is `no-such-image` or `unsupported-format`. */
export class NoImage extends Error {
  name = "NoImage";

  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Returns what a function of the component answers; what it refuses becomes an error of this class. */
function asked(Refusal, ask) {
  try {
    return plain(ask());
  } catch (error) {
    if (error?.payload === undefined) throw error;
    throw new Refusal(error.payload);
  }
}

export function parseReference(words, tag) {
  const [first, second] = [text(words, "text"), optional(text)(tag, "tag")];
  const { tag: kind, val } = asked(InvalidReference, () => planning.parseReference(first, second));
  return { kind, ...val };
}

export function sortLinks(links) {
  return plain(planning.sortLinks(array(link)(links, "links")));
}

export function listImages(links) {
  return plain(planning.listImages(array(link)(links, "links")));
}

export function choose(image, links, collections, formats) {
  const given = [
    text(image, "image"),
    array(link)(links, "links"),
    array(collection)(collections, "collections"),
    optional(array(text))(formats, "formats"),
  ];
  return asked(NoImage, () => planning.choose(...given));
}

export function collectionName(repoTag, image) {
  return planning.collectionName(optional(text)(repoTag, "repoTag"), text(image, "image"));
}

export function planLinks(wanted, existing) {
  return plain(planning.planLinks(registration(wanted, "registration"), array(link)(existing, "existing")));
}

export function defects(links, collections, formats, owner) {
  return plain(
    planning.defects(
      array(link)(links, "links"),
      array(heldCollection)(collections, "collections"),
      optional(array(text))(formats, "formats"),
      optional(text)(owner, "owner"),
    ),
  );
}
