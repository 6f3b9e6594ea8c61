/**
 * The image's entry point: becomes a node, a coordinator or one run of the CLI, by its first
 * argument. The server processes take their settings from the environment and from the file that
 * HOLDFAST_CONFIG names.
 */
const role = process.argv[2];
if (role === "node") await import("@holdfast/node/main");
else if (role === "coordinator") await import("@holdfast/coordinator/main");
else await import("./bin/holdfast.js");
