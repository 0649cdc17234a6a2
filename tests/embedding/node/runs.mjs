// Runs the component on recorded answers: runs.mjs FOLDER RUNS.
//
// FOLDER is what `jco transpile --instantiation` makes of keepdocker.wasm. Reads one run a line, gives
// the component the request and the answers, and prints the line as it comes out here: what the
// component asked for, in which order, and what came of it.

import { readFileSync } from "node:fs";
import { host } from "./hosting.mjs";

const [folder, runs] = process.argv.slice(2);
let answers;
let calls;
// Answers as recorded, whatever it is asked, and notes what that was.
const { run } = await host(folder, (verb, ...request) => {
  if (answers.length === 0) throw new Error(`the record ends before ${verb}`);
  const answer = answers.shift();
  calls.push({ verb, request, answer });
  return answer;
});

// The members of objects in the order of their names.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

for (const line of readFileSync(runs, "utf8").split("\n")) {
  if (line === "") continue;
  const { command, request, calls: recorded } = JSON.parse(line);
  answers = recorded.map(({ answer }) => answer);
  calls = [];
  const result = await run(command, request);
  console.log(JSON.stringify(sorted({ command, request, calls, result })));
}
