/** Rules that can be switched off, to see that they are missed. */
export const MUTATIONS = [
  "serve without the right to",
  "acknowledge before the backups have it",
  "show what is not committed",
  "flush what is not committed",
  "break promises",
  "lose a replicated write",
  "start again as the same incarnation",
  "hand over before the target has everything",
  "serve copies of a dead owner's clean entries",
] as const;

export type Mutation = (typeof MUTATIONS)[number];
