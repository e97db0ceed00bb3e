// Answers the benchmark's model by Squiggle: `node squiggle.mjs PACKAGES MODEL [DRAWS SEED]`, once, or
// without the last two once for each line "DRAWS SEED" of standard input. Prints a line of JSON with
// the milliseconds of the run, and mean, 5%, 50% and 95% quantiles of each output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [packages, model, ...once] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/package.json`));
const { run } = await import(pathToFileURL(require.resolve("@quri/squiggle-lang")));
const code = readFileSync(model, "utf-8");

async function answer(draws, seed) {
  const start = performance.now();
  const environment = { sampleCount: Number(draws), xyPointLength: 1000, seed };
  const output = await run(code, { environment });
  const result = output.result ?? output;
  const told = result.ok ? (result.value.result ?? result.value) : null;
  const rows = told ? JSON.parse(JSON.stringify(told.asJS())) : null;
  const error = result.ok ? null : String(result.value);
  console.log(JSON.stringify({ ms: performance.now() - start, rows, error }));
}

if (once.length > 0) {
  await answer(...once);
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    await answer(...line.split(" "));
  }
}
