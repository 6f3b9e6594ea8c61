/**
 * Loaded before every test file: the lists and strings of property tests get as long as their `maxLength` says.
 * Without this fast-check makes hardly any longer than ten, whatever it is allowed.
 */
import fc from "fast-check";

fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
