/** What a person can do something about, without all that throws it: for whoever only tells it. */
export { ConfigError } from "./config/config-error.js";
export { DatabaseError } from "./postgres/database-error.js";
