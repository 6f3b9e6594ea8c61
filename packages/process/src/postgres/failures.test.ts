import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { connectFailure, statementFailure } from "./failures.js";

const URL_OF = "postgres://user:s3cret@db.example:6543/shop";

/** As the driver reports what the server said. */
function serverError(fields: { severity: string; code: string; message?: string }): Error {
  return Object.assign(new Error(fields.message ?? "the server's words"), {
    detail: "Key (name)=(s3cret) already exists.",
    where: "s3cret",
    ...fields,
  });
}

function systemError(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code });
}

describe("a statement that failed", () => {
  it("is refused when the server says so, and nothing it quotes is shown", () => {
    const error = statementFailure(serverError({ severity: "ERROR", code: "23505" }));
    expect(error).toMatchObject({ kind: "refused", sqlstate: "23505" });
    expect(error.serverMessage).toBe("the server's words");
    expect(inspect(error) + JSON.stringify(error)).not.toMatch(/s3cret|the server's words/);
  });

  it("is ambiguous when the server ended the connection, perhaps after the commit", () => {
    for (const severity of ["FATAL", "PANIC"]) {
      const error = statementFailure(serverError({ severity, code: "57P01" }));
      expect(error).toMatchObject({ kind: "ambiguous", sqlstate: "57P01", retryable: true });
    }
  });

  it("is ambiguous when the connection broke", () => {
    for (const error of [
      systemError("ECONNRESET"),
      new Error("Connection terminated unexpectedly"),
      systemError("EPIPE"),
    ]) {
      expect(statementFailure(error)).toMatchObject({ kind: "ambiguous", retryable: true });
    }
  });

  it("is unavailable when the driver knew that the connection was dead", () => {
    const words = "Client has encountered a connection error and is not queryable";
    expect(statementFailure(new Error(words))).toMatchObject({ kind: "unavailable" });
  });
});

describe("a connection that could not be made", () => {
  it("names the database and never the password", () => {
    const error = connectFailure(systemError("ECONNREFUSED", `connect to ${URL_OF}`), URL_OF);
    expect(error).toMatchObject({ kind: "unavailable", fault: "transient" });
    expect(error.message).toBe(
      'database "shop" at db.example:6543: connection refused (is the server running there?)',
    );
    expect(inspect(error)).not.toContain("s3cret");
  });

  it("takes the first reason when each address of a name failed", () => {
    const failures = [systemError("ECONNREFUSED"), systemError("ENETUNREACH")];
    const error = connectFailure(new AggregateError(failures), URL_OF);
    expect(error.message).toMatch(/connection refused/);
  });

  it("waits for a server that is starting or full, and not for one that refuses the login", () => {
    const fault = (code: string) =>
      connectFailure(serverError({ severity: "FATAL", code }), URL_OF).fault;
    expect(["57P03", "53300", "28P01", "3D000"].map(fault)).toEqual([
      "transient",
      "transient",
      "setup",
      "setup",
    ]);
  });
});
