// Runs the planner's part of the corpus: planner.mjs FOLDER CASES.
//
// FOLDER is what `jco transpile --instantiation` makes of the planner. Reads one case a line, calls
// the function, and prints the line as it comes out here.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { call, load } from "./values.mjs";

const [folder, cases] = process.argv.slice(2);
// The planner imports nothing.
const { planning } = await load(resolve(folder), "keepdocker-planner", {});
for (const line of readFileSync(cases, "utf8").split("\n")) {
  if (line === "") continue;
  const recorded = JSON.parse(line);
  recorded.result = call(planning, recorded.function, recorded.arguments);
  console.log(JSON.stringify(recorded));
}
