/**
 * A failure that the person at the keyboard can do something about. Its message is the one line
 * that they see; anything else that is thrown is a defect, and is shown with its stack.
 */
export class CliError extends Error {
  override readonly name = "CliError";
}
