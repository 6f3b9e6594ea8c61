/** Figures of the wire that every side must agree on. */

/** The version of the protocol that this release speaks; a pipe's first message names it. */
export const PROTOCOL_VERSION = 1;

/** Largest message with a topology in it, in bytes: 16,384 partitions with room to spare. */
export const MAX_TOPOLOGY_MESSAGE_BYTES: number = 16 * 2 ** 20;
