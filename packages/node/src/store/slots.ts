/**
 * Memory for the records of one store: slots of fixed sizes, cut from pages.
 *
 * Every page in use has slots of one class. A class hands out the free slots of its pages first and takes
 * a new page when there is none; a page without a used slot goes back at once. When sizes drift, slots of
 * the old sizes are left over in pages that are used a little (the "calcification" of slab allocators):
 * `compact` then empties the sparsest page of a class into the free slots of the others. So no more than
 * about a page of each class need stay unused.
 *
 * Handing out and taking back are constant time: free slots are linked within each page, pages with a
 * free slot are listed for each class, and slots that were never used are only counted, so that a new page
 * is not touched before it is needed.
 *
 * The third word of a slot says whether it is used: 0 means free. Everything else in it is its user's. Who does
 * not keep to that has to say which slots are used when a page is to be emptied (`vacate`).
 */
import { PAGE_SHIFT, type Pages, UNIT_BYTES, wordOffset } from "./pages.js";
import { CLASSES, SLOT_BYTES, SLOTS_PER_PAGE } from "./size-classes.js";

/** Which word of a slot is 0 while it is free. */
export const USE_WORD = 2;

/** How many pages are looked at for the sparsest. More would find one with little less to move. */
const LOOKED_AT = 16;

const IN_PAGE_MASK = 2 ** PAGE_SHIFT - 1;
/** Link to no slot: none begins in the last unit of a page. */
const NO_SLOT: number = IN_PAGE_MASK;

interface Page {
  readonly place: number;
  readonly sizeClass: number;
  used: number;
  /** Slots from this one on were never handed out. */
  fresh: number;
  /** Unit of the first free slot that was; the next one stands in the slot's first word. */
  firstFree: number;
  /** Where it stands among the open pages of its class; -1: nowhere. */
  position: number;
}

export class Slots {
  readonly #pages: Pages;
  /** In no order; where each stands is noted with the page's memory. */
  readonly #all: Page[] = [];
  /** By class: pages with a free slot. */
  readonly #open: readonly Page[][] = SLOT_BYTES.map(() => []);
  /** By class: free slots in its pages. */
  readonly #freeSlots = new Uint32Array(CLASSES);
  constructor(pages: Pages) {
    this.#pages = pages;
  }

  get pageCount(): number {
    return this.#all.length;
  }

  freeSlots(sizeClass: number): number {
    return this.#freeSlots[sizeClass] as number;
  }

  /** Hands out a slot, in a new page if need be. Its bytes are what they were, but for the use word. */
  allocate(sizeClass: number): number {
    const open = this.#open[sizeClass] as Page[];
    const page = open[open.length - 1] ?? this.#addPage(sizeClass);
    page.used += 1;
    this.#addFreeSlots(sizeClass, -1);
    if (page.used === SLOTS_PER_PAGE[sizeClass]) this.#close(page);
    return this.#takeSlot(page);
  }

  release(place: number): void {
    const page = this.#pageAt(place);
    const words = this.#pages.wordsAt(place);
    const at = wordOffset(place);
    words[at] = page.firstFree;
    words[at + USE_WORD] = 0;
    page.firstFree = place & IN_PAGE_MASK;
    page.used -= 1;
    this.#addFreeSlots(page.sizeClass, 1);
    if (page.position === -1) this.#openPage(page);
    if (page.used === 0) this.#removePage(page);
  }

  classAt(place: number): number {
    return this.#pageAt(place).sizeClass;
  }

  /**
   * Empties a page whose records fit into free slots of its class elsewhere, and gives it back. `move` is
   * told from where to where each record goes, and copies it. Returns whether there was such a page.
   */
  compact(move: (from: number, to: number) => void): boolean {
    const page = this.#findSparse();
    if (page === undefined) return false;
    this.vacate(page.place, move);
    return true;
  }

  /** Whether a page is in use here, by its place. */
  hasPage(place: number): boolean {
    return this.#all[this.#pages.note(place)]?.place === place;
  }

  /**
   * As `compact`, of a page of the caller's choice: what does not fit elsewhere goes into a new page.
   *
   * @param used - its used slots, where use words do not tell.
   */
  vacate(
    place: number,
    move: (from: number, to: number) => void,
    used: Iterable<number> = this.#usedIn(place),
  ): void {
    const page = this.#pageAt(place);
    const { sizeClass } = page;
    if (page.position !== -1) this.#close(page);
    this.#addFreeSlots(sizeClass, page.used - (SLOTS_PER_PAGE[sizeClass] as number));
    for (const from of used) move(from, this.allocate(sizeClass));
    this.#giveBack(page);
  }

  /** Gives every page back. */
  clear(): void {
    for (const { place } of this.#all) this.#pages.release(place);
    this.#all.length = 0;
    for (const open of this.#open) open.length = 0;
    this.#freeSlots.fill(0);
  }

  #pageAt(place: number): Page {
    return this.#all[this.#pages.note(place)] as Page;
  }

  #usedIn(place: number): number[] {
    const { sizeClass, fresh } = this.#pageAt(place);
    const units = (SLOT_BYTES[sizeClass] as number) / UNIT_BYTES;
    const words = this.#pages.wordsAt(place);
    const used: number[] = [];
    for (let slot = 0; slot < fresh; slot++) {
      const from = place + slot * units;
      if (words[wordOffset(from) + USE_WORD] !== 0) used.push(from);
    }
    return used;
  }

  #addFreeSlots(sizeClass: number, count: number): void {
    this.#freeSlots[sizeClass] = (this.#freeSlots[sizeClass] as number) + count;
  }

  #addPage(sizeClass: number): Page {
    const place = this.#pages.take();
    const page = { place, sizeClass, used: 0, fresh: 0, firstFree: NO_SLOT, position: -1 };
    this.#pages.setNote(place, this.#all.length);
    this.#all.push(page);
    this.#addFreeSlots(sizeClass, SLOTS_PER_PAGE[sizeClass] as number);
    this.#openPage(page);
    return page;
  }

  #takeSlot(page: Page): number {
    const { place, firstFree } = page;
    if (firstFree !== NO_SLOT) {
      const freed = place + firstFree;
      page.firstFree = this.#pages.wordsAt(freed)[wordOffset(freed)] as number;
      return freed;
    }
    const units = (SLOT_BYTES[page.sizeClass] as number) / UNIT_BYTES;
    const untouched = place + page.fresh * units;
    page.fresh += 1;
    return untouched;
  }

  #openPage(page: Page): void {
    const open = this.#open[page.sizeClass] as Page[];
    page.position = open.length;
    open.push(page);
  }

  #close(page: Page): void {
    const open = this.#open[page.sizeClass] as Page[];
    const last = open.pop() as Page;
    if (last !== page) {
      open[page.position] = last;
      last.position = page.position;
    }
    page.position = -1;
  }

  /** Takes out a page without a used slot. */
  #removePage(page: Page): void {
    this.#close(page);
    this.#addFreeSlots(page.sizeClass, -(SLOTS_PER_PAGE[page.sizeClass] as number));
    this.#giveBack(page);
  }

  #giveBack({ place }: Page): void {
    const index = this.#pages.note(place);
    const last = this.#all.pop() as Page;
    if (last.place !== place) {
      this.#all[index] = last;
      this.#pages.setNote(last.place, index);
    }
    this.#pages.release(place);
  }

  #findSparse(): Page | undefined {
    for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
      const slots = SLOTS_PER_PAGE[sizeClass] as number;
      if (this.freeSlots(sizeClass) < slots) continue;
      return sparsest(this.#open[sizeClass] as Page[]);
    }
    return undefined;
  }
}

/** Of pages spread over the list, the one with the least to move. */
function sparsest(pages: readonly Page[]): Page | undefined {
  const step = Math.max(1, Math.floor(pages.length / LOOKED_AT));
  let found: Page | undefined;
  for (let index = 0; index < pages.length; index += step) {
    const page = pages[index] as Page;
    if (found === undefined || page.used < found.used) found = page;
  }
  return found;
}
