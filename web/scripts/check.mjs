// Runs the checks one after the other; says something only about one that fails.
import { spawnSync } from "node:child_process";

const CHECKS = [
  ["biome", "check", "--error-on-warnings", "--log-level=warn", "."],
  ["tsc"],
  ["node", "scripts/api.mjs", "--check"],
  ["vitest", "run", "--reporter=agent"],
];

for (const [program, ...args] of CHECKS) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) continue;
  process.stderr.write(`${program} ${args.join(" ")}\n${error ?? ""}${stdout ?? ""}${stderr ?? ""}`);
  process.exit(1);
}
