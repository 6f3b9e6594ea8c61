/**
 * Reads YAML and remembers on which line each setting stands, so that a complaint about a value can
 * point at it. One document, no duplicate keys.
 */
import { readFileSync } from "node:fs";
import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { ConfigProblem } from "./config-error.js";
import type { Path } from "./schema-fields.js";

export interface ConfigSource {
  /** The document as plain values; `undefined` when it is empty or could not be read. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** `FILE:LINE` of the setting, or only `FILE` when it does not stand in the file. */
  originOf(path: Path): string;
}

export function readConfigFile(file: string): ConfigSource {
  try {
    return parseConfigText(readFileSync(file, "utf8"), file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // readFileSync throws nothing else.
    const reason = code === "ENOENT" ? "no such file" : (code ?? String(error));
    return broken(file, [{ path: "", message: `cannot be read: ${reason}`, origin: file }]);
  }
}

export function parseConfigText(text: string, name: string): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return broken(
      name,
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return {
          path: "",
          message: `malformed YAML at line ${line}, column ${col}: ${message.split("\n")[0]}`,
          origin: name,
        };
      }),
    );
  }

  function originOf(path: Path): string {
    const offset = offsetOf(path);
    return offset === undefined ? name : `${name}:${lines.linePos(offset).line}`;
  }

  /** Where the name of the setting stands, which may be lines above its value. */
  function offsetOf(path: Path): number | undefined {
    const parent = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
      return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    }
    const node = path.length === 0 ? undefined : document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }

  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { value: value ?? undefined, problems: [], originOf };
  } catch (error) {
    // Aliases that multiply without end, or that name nothing; the parser throws Errors only.
    const message = `malformed YAML: ${(error as Error).message}`;
    return broken(name, [{ path: "", message, origin: name }]);
  }
}

function broken(name: string, problems: readonly ConfigProblem[]): ConfigSource {
  return { value: undefined, problems, originOf: () => name };
}
