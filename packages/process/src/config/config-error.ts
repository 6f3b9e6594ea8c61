/**
 * What is wrong with a configuration: every problem at once, each with the setting and the place it
 * was written, so that one look at the output is enough to repair all of it.
 */

export interface ConfigProblem {
  /** The setting, e.g. `listen.dataPort`; empty when the problem is not one setting's. */
  readonly path: string;
  readonly message: string;
  /** Where it was written: `node.yaml:3` or the name of an environment variable. */
  readonly origin?: string;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
    super(`the configuration has ${count}:\n${lines.join("\n")}`);
    this.problems = problems;
  }
}

function describeProblem({ path, message, origin }: ConfigProblem): string {
  if (path === "") return origin === undefined ? message : `${origin}: ${message}`;
  return origin === undefined ? `${path}: ${message}` : `${path}: ${message} (${origin})`;
}
