/** The part of fs-native-extensions 1.5 that is used here; the package ships no types. */
declare module "fs-native-extensions" {
  /** Whether the exclusive lock on the open file was granted. It ends with the descriptor. */
  export function tryLock(fd: number): boolean;
}
