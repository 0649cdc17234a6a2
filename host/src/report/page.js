// The page: what the data says is shown, and never taken for markup.

const data = JSON.parse(document.getElementById("data").textContent);
const { images, byUuid, stored, unshared } = survey(data);
const place = (id) => document.getElementById(id);

/** Gives an element attributes and children; texts are texts. */
function furnish(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const element = (name, attributes, ...children) => furnish(document.createElement(name), attributes, children);
const drawn = (name, attributes, ...children) =>
  furnish(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** Returns the parts of a sentence, in which code stands between backquotes. */
const sentence = (text) => text.split("`").map((part, number) => (number % 2 === 0 ? part : element("code", {}, part)));

const owner = (uuid) => data.owners[uuid] ?? uuid;
const called = (image) => image.names[0] ?? (image.id ?? image.uuid);
const short = (id) => (id ?? "").replace(/^sha256:/, "").slice(0, 12);

/** A table whose columns sort it. A column has a title, and of a row its value to sort by and its content. */
function table(id, columns, rows, step) {
  const all = place(`all-${id}`);
  let sorted = { column: undefined, isAscending: true };
  let shown = rows;
  let most = step;
  const body = element("tbody", { role: "rowgroup" });
  const heads = columns.map((column) => {
    const button = element("button", { type: "button" }, column.title);
    const head = element("th", { scope: "col", role: "columnheader", class: column.isNumber ? "number" : undefined }, button);
    button.addEventListener("click", () => {
      sorted = { column, isAscending: sorted.column === column ? !sorted.isAscending : !column.isNumber };
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sorted.isAscending ? "ascending" : "descending");
      show();
    });
    return head;
  });
  const compare = (a, b) => {
    const [one, other] = [a, b].map(sorted.column.value);
    const order = typeof one === "number" ? one - other : String(one).localeCompare(String(other));
    return sorted.isAscending ? order : -order;
  };
  const row = (of) => element("tr", { role: "row" }, ...columns.map((column) =>
    element("td", { role: "cell", "data-label": column.title, class: column.isNumber ? "number" : undefined },
      element("div", {}, ...column.content(of)))));
  const show = () => {
    const inOrder = sorted.column === undefined ? shown : [...shown].sort(compare);
    body.replaceChildren(...inOrder.slice(0, most).map(row));
    all.hidden = shown.length <= most;
    all.textContent = `Show all ${shown.length}`;
  };
  all.addEventListener("click", () => {
    most = Infinity;
    show();
  });
  place(id).setAttribute("role", "table");
  place(id).append(element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)), body);
  show();
  return (chosen) => {
    shown = chosen;
    show();
  };
}

function showFigures() {
  const saved = unshared - stored;
  const share = unshared > 0 ? `: ${Math.round((100 * saved) / unshared)}\u00a0%` : "";
  const figures = [
    ["Images", images.length],
    ["Names", new Set(images.flatMap((image) => image.names)).size],
    ["Stored", bytes(stored)],
    ["Without sharing", bytes(unshared)],
    [`Saved by sharing${share}`, bytes(saved)],
    ["Amiss", data.findings.length],
  ];
  place("figures").append(...figures.map(([title, figure]) =>
    element("div", {}, element("dt", {}, title), element("dd", {}, String(figure)))));
}

function showSharing() {
  const largest = [...images].sort((a, b) => b.bytes - a.bytes).slice(0, 25).filter((image) => image.bytes > 0);
  if (largest.length === 0) return;
  const most = largest[0].bytes;
  place("sharing").append(...largest.map((image) => {
    const bar = (size, kind) => drawn("rect", { width: (100 * size) / most, height: 10, class: kind });
    return element("div", { class: "share" },
      element("p", {}, element("span", {}, called(image)), element("span", { class: "quiet" }, `${bytes(image.own)} of its own, of ${bytes(image.bytes)}`)),
      // The line above says the same.
      drawn("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, bar(image.bytes, "shared"), bar(image.own, "own")));
  }));
}

function showDefects() {
  const summary = data.findings.length === 0
    ? "Nothing was found."
    : "A container request may get another image than was meant here, or none; each line says what to do.";
  place("defects-summary").textContent = summary;
  if (data.findings.length === 0) return;
  table("defects", [
    { title: "What", value: (it) => it.about.defect, content: (it) => [element("span", { class: "defect" }, it.about.defect)] },
    { title: "Where", value: (it) => it.told, content: (it) => sentence(it.told) },
    { title: "What to do", value: (it) => it.advice ?? "", content: (it) => sentence(it.advice ?? "") },
  ], data.findings, 25);
}

function showImages() {
  const code = (text) => element("span", { class: "code" }, text);
  const columns = [
    { title: "Name", value: called, content: (it) => [it.names.length === 0 ? "(no name)" : it.names.join(", ")] },
    { title: "Image", value: (it) => it.id ?? "", content: (it) => [code(short(it.id))] },
    { title: "Size", isNumber: true, value: (it) => it.size, content: (it) => [bytes(it.size)] },
    { title: "Its own", isNumber: true, value: (it) => it.own, content: (it) => [bytes(it.own)] },
    { title: "Built", value: (it) => it.built ?? "", content: (it) => [day(it.built)] },
    { title: "Stored", value: (it) => it.created, content: (it) => [day(it.created)] },
    { title: "Owner", value: (it) => owner(it.owner), content: (it) => [owner(it.owner)] },
    { title: "Collection", value: (it) => it.uuid, content: (it) => [code(it.uuid)] },
  ];
  const show = table("images", columns, images, 200);
  const filter = () => {
    const wanted = place("filter").value.trim().toLowerCase();
    const texts = (it) => [...it.names, it.id ?? "", it.uuid, it.owner, owner(it.owner)];
    const chosen = images.filter((it) => texts(it).some((one) => one.toLowerCase().includes(wanted)));
    place("count").textContent = `${chosen.length} of ${images.length}`;
    show(chosen);
  };
  place("filter").addEventListener("input", filter);
  filter();
}

/** Says why a collection comes first, by the links that match: a later build, or one that was linked later. */
function reason(links, first, second) {
  if (second === undefined) return "Nothing else on this page matches.";
  const [one, other] = [first, second].map((uuid) => oldest(links, uuid));
  if (one === undefined || other === undefined) return `It comes before ${second}.`;
  if (one.built !== other.built) {
    return `It comes before ${second}, as the server prefers the later build: this one was built ${moment(one.built)}, that one ${moment(other.built)}.`;
  }
  if (one.made === other.made) {
    return `It is listed before ${second}, but both have the same build time for the server, and links of the same second, ${moment(one.made)}, so that it may take either.`;
  }
  return `It comes before ${second}, as both have the same build time for the server, and the later link counts: this one's was made ${moment(one.made)}, that one's ${moment(other.made)}.`;
}

function moment(seconds) {
  return seconds === 0 ? "at no known time" : new Date(seconds * 1000).toISOString().replace(".000", "");
}

/** Says what a container request gets, and what else matches, in the server's order. */
function showAnswer(name, choice) {
  const answer = place("answer");
  if (name === "") return answer.replaceChildren();
  if (choice.none !== undefined) {
    const reason = choice.none === "unsupported-format"
      ? "what matches holds no image of a format that the cluster runs"
      : data.project
        ? "nothing of this project matches. The cluster may have one elsewhere"
        : "nothing on this page matches";
    return answer.replaceChildren(element("p", {}, `A container request for “${name}” gets no image: ${reason}.`));
  }
  const line = (uuid) => {
    const image = byUuid.get(uuid);
    const link = data.links.find((one) => one.head === uuid && one.class === "repo-tag" && one.name === name);
    const times = [image?.built && `built ${image.built}`, link && `named ${link.createdAt}`].filter(Boolean).join(", ");
    return element("li", {}, element("span", { class: "code" }, uuid), ` — ${image ? called(image) : ""}${times ? ` (${times})` : ""}`);
  };
  const by = matching(data, name);
  const why = by.length === 0
    ? "No link has this name: it is taken for a portable data hash."
    : (by[0].class === "repo-tag" ? "" : "No link has this name: it is taken for the beginning of an image ID. ")
      + reason(by, choice.collection, choice.others[0]);
  const others = choice.others.length === 0 ? [] : [element("p", {}, "After it come:"), element("ol", { start: "2" }, ...choice.others.map(line))];
  answer.replaceChildren(
    element("p", {}, "A container request for it gets ", element("strong", { id: "chosen", class: "code" }, choice.collection), "."),
    element("p", { id: "why" }, why),
    element("ol", {}, line(choice.collection)),
    ...others,
  );
}

async function askByName() {
  place("names").append(...[...new Set(images.flatMap((image) => image.names))].slice(0, 500).map((value) => element("option", { value })));
  const planning = await planner();
  const input = place("name");
  let waiting;
  const ask = () => {
    const name = input.value.trim();
    showAnswer(name, name === "" ? {} : choose(planning, data, name));
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
  document.documentElement.dataset.ready = "yes";
}

function showHeader() {
  const scope = data.project === null ? "all images that the token may read" : `images of ${data.project}`;
  const left = data.left > 0 ? ` ${data.left} collections that were linked earlier are not here, so that answers may differ.` : "";
  place("title").textContent = `Images in Keep on ${data.cluster}`;
  place("scope").textContent = `${data.made}: ${scope}.${left}`;
  place("made").textContent = `Made by keepdocker ${data.version}. The planner in this page is sha256:${data.planner}.`;
  document.title = place("title").textContent;
}

showHeader();
showFigures();
showDefects();
showSharing();
showImages();
askByName();
