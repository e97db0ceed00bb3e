// Prints the medians of the answers of a Squiggle model as JSON: `node squiggle.mjs PACKAGES MODEL DRAWS`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, model, draws] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/package.json`));
const { run } = await import(pathToFileURL(require.resolve("@quri/squiggle-lang")));
const environment = { sampleCount: Number(draws), xyPointLength: 1000, seed: "1" };
const output = await run(readFileSync(model, "utf-8"), { environment });
const result = output.result ?? output;
if (!result.ok) throw new Error(String(result.value));
console.log(JSON.stringify((result.value.result ?? result.value).asJS()));
