/** Steering what is asynchronous in tests: letting work go on, and holding it up. */
import { settle } from "@holdfast/core/testing";

/** Lets batches leave, statements run and their results arrive. */
export async function turn(times = 4): Promise<void> {
  for (let i = 0; i < times; i++) await settle();
}

/** Statements wait at it until the test opens it. */
export interface Gate {
  wait(): Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait: () => opened, open: () => open() };
}
