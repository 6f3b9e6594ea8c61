/**
 * The failures that the embedded registry answers with. The texts are etcd's own, because clients
 * tell some failures apart by them.
 */
import { status } from "@grpc/grpc-js";

export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

export function leaseNotFound(): StatusError {
  return new StatusError(status.NOT_FOUND, "etcdserver: requested lease not found");
}

export function invalidArgument(message: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, `etcdserver: ${message}`);
}

/** A part of etcd's protocol that this server leaves out. */
export function notSupported(what: string): StatusError {
  return new StatusError(status.UNIMPLEMENTED, `the embedded registry does not support ${what}`);
}
