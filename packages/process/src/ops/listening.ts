/**
 * Addresses to listen on, and why one could not be had: one clear line instead of an error code.
 */

/** `host:port`, with brackets around an IPv6 address. */
export function joinAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The reason why a port could not be opened, in one line. */
export function listenError(name: string, address: string, cause: Error): Error {
  const reasons: readonly (readonly [string, string])[] = [
    ["EADDRINUSE", "the port is in use"],
    ["EADDRNOTAVAIL", "this machine does not have that address"],
    ["EACCES", "no permission for that port"],
    ["ENOTFOUND", "the host name is unknown"],
  ];
  const known = reasons.find(([code]) => cause.message.includes(code));
  return new Error(`${name} cannot listen on ${address}: ${known?.[1] ?? cause.message}`, {
    cause,
  });
}
