import { describe } from "vitest";
import { EVICTION_POLICIES } from "./index.js";
import { itKeepsThePolicyContract } from "./policy.contract.js";

describe.each(Object.entries(EVICTION_POLICIES))("%s policy", (_name, create) => {
  itKeepsThePolicyContract(create);
});
