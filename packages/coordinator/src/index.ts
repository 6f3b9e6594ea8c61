export { planAssignment } from "./planner.js";
