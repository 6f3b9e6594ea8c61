/**
 * What a command tells the person who waits for it: headings, lines and the progress of long work.
 *
 * On a terminal progress is a bar that is redrawn in place and wiped when the work is done.
 * Elsewhere (a file, a pipe, a build log) it is a plain line from time to time. Results for other
 * programs do not go through here.
 */
import type { Clock } from "@holdfast/core";

/** The part of a stream that is needed; `process.stdout` and `process.stderr` have it. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  update(done: number, more?: ProgressDetails): void;
  /** Wipes the bar. To be called however the work ended. */
  finish(): void;
}

export interface ProgressDetails {
  /** Shown behind the numbers. */
  readonly note?: string;
  /** The whole, where it was not known at the beginning. */
  readonly total?: number;
}

const BAR_CELLS = 24;
/** A person sees no more, and drawing costs. */
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;

export class Reporter {
  readonly #stream: TextStream;
  readonly #clock: Clock;
  #progress: RunningProgress | undefined;

  constructor(stream: TextStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  heading(text: string): void {
    this.line("");
    this.line(text);
  }

  line(text: string): void {
    this.#progress?.wipe();
    this.#stream.write(`${text}\n`);
    this.#progress?.draw();
  }

  /** One at a time: beginning a new one ends the last. */
  progress(label: string, total: number): Progress {
    this.#progress?.finish();
    const progress = new RunningProgress(this.#stream, this.#clock, { label, total }, () => {
      this.#progress = undefined;
    });
    this.#progress = progress;
    return progress;
  }
}

interface Work {
  readonly label: string;
  readonly total: number;
}

class RunningProgress implements Progress {
  readonly #stream: TextStream;
  readonly #clock: Clock;
  readonly #label: string;
  readonly #onFinish: () => void;
  readonly #isTerminal: boolean;
  #shownAtMs: number;
  #isDrawn = false;
  #done = 0;
  #total: number;
  #note = "";

  constructor(stream: TextStream, clock: Clock, work: Work, onFinish: () => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#label = work.label;
    this.#total = work.total;
    this.#onFinish = onFinish;
    this.#isTerminal = stream.isTTY === true;
    this.#shownAtMs = clock.monotonic();
    this.draw();
  }

  update(done: number, { note = "", total = this.#total }: ProgressDetails = {}): void {
    this.#done = done;
    this.#total = total;
    this.#note = note;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#shownAtMs < (this.#isTerminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#shownAtMs = nowMs;
    if (this.#isTerminal) this.draw();
    else this.#stream.write(`  ${this.#text()}\n`);
  }

  finish(): void {
    this.wipe();
    this.#onFinish();
  }

  draw(): void {
    if (!this.#isTerminal) return;
    const share = this.#share();
    const full = Math.round(share * BAR_CELLS);
    const bar = `${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)}`;
    const columns = this.#stream.columns ?? 80;
    // Cut to the width: a bar that wraps cannot be wiped.
    const text = `  ${bar} ${this.#text()}`.slice(0, Math.max(0, columns - 1));
    this.#stream.write(`\r\u001b[2K${text}`);
    this.#isDrawn = true;
  }

  wipe(): void {
    if (!this.#isDrawn) return;
    this.#stream.write("\r\u001b[2K");
    this.#isDrawn = false;
  }

  #text(): string {
    const percent = `${Math.floor(this.#share() * 100)} %`.padStart(5);
    const numbers = `${formatCount(this.#done)} of ${formatCount(this.#total)}`;
    const note = this.#note === "" ? "" : `, ${this.#note}`;
    return `${percent}  ${this.#label}: ${numbers}${note}`;
  }

  #share(): number {
    return this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
  }
}

/** Thousands set apart, whatever the locale of the machine. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
