// Reads simulations from standard input, as a JSON array, and writes a verdict on each.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { readFileSync } from "node:fs";

const named = (analyses, which) =>
  analyses.flatMap((analysis) => analysis?.[which] ?? []).map(({ explain }) => explain.identifier);

const verdictOn = async (simulation) => {
  const { resultType, overallResult, errors, result, results } = await runSimulation(simulation, {});
  if (resultType === "error") return { error: errors.message };
  // For a resource that is `*` there is a result for each kind of resource of the action.
  const every = (results ?? [result]).map(({ analysis }) => analysis);
  const ofIdentity = every.map(({ identityAnalysis }) => identityAnalysis);
  const ofResource = every.map(({ resourceAnalysis }) => resourceAnalysis);
  return {
    allowed: overallResult === "Allowed",
    by: named(ofIdentity, "allowStatements"),
    against: named([...ofIdentity, ...ofResource], "denyStatements"),
  };
};

const simulations = JSON.parse(readFileSync(0, "utf8"));
const verdicts = [];
for (const simulation of simulations) verdicts.push(await verdictOn(simulation));
process.stdout.write(JSON.stringify(verdicts));
