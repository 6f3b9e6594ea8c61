import { connect } from "@holdfast/client";

const cluster = await connect({ seeds: [process.argv[2] ?? "localhost:7400"] });
try {
  const profiles = cluster.cache("profiles");
  await profiles.set("ada", { name: "Ada", visits: 0 }); // in the database when this resolves
  await profiles.update("ada", (ada) => ({ ...ada, visits: ada.visits + 1 })); // compare-and-set

  const sessions = cluster.cache("sessions");
  const receipt = await sessions.set("s1", { user: "ada" }, { ttl: "30m" });
  await receipt.persisted(); // in the database half a second later, or when somebody flushes
  const many = await sessions.getMany(["s1", "s2"]); // one message for each owner

  const pages = cluster.cache("pages");
  const page = await pages.getOrLoad(
    "/ada",
    async () => `Hello ${(await profiles.get("ada")).name}`,
  );

  console.log(page, many.size, await profiles.getWithMeta("ada"));
} finally {
  await cluster.close();
}
