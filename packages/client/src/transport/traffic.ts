/** What goes through the pipes of a client, counted by the message: nothing is done for each operation. */
export class Traffic {
  /** Messages with operations in them. */
  batches = 0;
  /** Operations in them. */
  operations = 0;
  replies = 0;
}
